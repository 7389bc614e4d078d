"use strict";
(() => {
  const prefix = document.body.dataset.memory;
  const boxes = [...document.querySelectorAll("input[data-key]")];
  const memory = (() => {
    try {
      localStorage.setItem(prefix, "1");
      localStorage.removeItem(prefix);
      return localStorage;
    } catch {
      return null;
    }
  })();
  const remembered = (box) => memory !== null && memory.getItem(prefix + box.dataset.key) === "1";
  const remember = (box) => {
    if (memory === null) return;
    try {
      if (box.checked) memory.setItem(prefix + box.dataset.key, "1");
      else memory.removeItem(prefix + box.dataset.key);
    } catch {
      document.getElementById("no-memory").hidden = false;
    }
  };
  const duration = (seconds) => {
    const all = Math.ceil(seconds / 60);
    const parts = [];
    if (all >= 60) parts.push(`${Math.floor(all / 60)} 小时`);
    if (all % 60 || all < 60) parts.push(`${all % 60} 分钟`);
    return parts.join(" ");
  };
  const members = new Map([["all", boxes]]);
  for (const box of boxes) {
    const name = box.dataset.section;
    if (!members.has(name)) members.set(name, []);
    members.get(name).push(box);
  }
  const tallies = [...document.querySelectorAll("[data-tally]")];
  const show = (section) => {
    for (const part of tallies) {
      const name = part.dataset.tally;
      if (section !== undefined && name !== section && name !== "all") continue;
      const mine = members.get(name) ?? [];
      const done = mine.filter((box) => box.checked).length;
      const bar = part.querySelector("progress");
      bar.max = Math.max(1, mine.length);
      bar.value = done;
      part.querySelector(".count").textContent = `${done} / ${mine.length}`;
      part.classList.toggle("complete", done === mine.length);
    }
    const left = boxes.filter((box) => !box.checked).reduce((sum, box) => sum + Number(box.dataset.seconds), 0);
    document.querySelector(".bar .left").textContent = left ? `还需约 ${duration(left)}` : "全部完成, 请运行 huoban-perf plan";
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  document.documentElement.classList.add("js");
  document.getElementById("no-memory").hidden = memory !== null;
  for (const box of boxes) {
    box.checked = remembered(box);
    box.addEventListener("change", () => {
      remember(box);
      show(box.dataset.section);
    });
  }
  for (const button of document.querySelectorAll("button.copy")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await copy(button.dataset.copy);
      button.textContent = "已复制";
      button.classList.add("copied");
      setTimeout(() => {
        button.textContent = label;
        button.classList.remove("copied");
      }, 1200);
    });
  }
  document.getElementById("print").addEventListener("click", () => window.print());
  document.getElementById("open-only").addEventListener("click", (event) => {
    const only = document.body.classList.toggle("open-only");
    event.currentTarget.setAttribute("aria-pressed", String(only));
  });
  document.getElementById("forget").addEventListener("click", () => {
    if (!window.confirm("清除本指南的全部勾选? 已在平台上做好的不受影响.")) return;
    for (const box of boxes) {
      box.checked = false;
      remember(box);
    }
    show();
  });
  window.addEventListener("storage", () => {
    for (const box of boxes) box.checked = remembered(box);
    show();
  });
  show();
})();
