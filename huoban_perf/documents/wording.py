"""The sentences that page and Markdown share. Chinese only: the reader is the HR admin of a Chinese workspace."""

from __future__ import annotations

from huoban_perf.documents.effort import SECONDS, Work
from huoban_perf.documents.guide import Guide, Section

TITLE = "搭建指南"
BEFORE_TITLE = "开始之前"
CONTENTS_TITLE = "目录"
AFTER_TITLE = "做完之后"
COPY_ALL = "复制全部"
HELP_TITLE = "填写提示"
IN_WORKBOOK = "Excel 已含"
NO_MEMORY = "这个浏览器不让网页记住勾选 (例如无痕窗口): 关掉页面后勾选会丢失. 请换普通窗口打开."


def subtitle(guide: Guide) -> str:
    """Return which app and workspace a guide is for."""
    where = f"工作区 {guide.workspace_name}" if guide.workspace_name else "适用于空白工作区"
    short = guide.template_digest.removeprefix("sha256:")[:12]
    return f"应用 {guide.app} {guide.app_version} · {where} · 模板指纹 {short}"


def summary(guide: Guide) -> str:
    """Return how much there is to do."""
    tasks = sum(1 for _ in guide.tasks())
    quicker = f" (用随附的 Excel 建表{duration(guide.seconds_with_workbooks)})" if guide.starters else ""
    return f"共 {len(guide.sections)} 节 {tasks} 项, 估计{duration(guide.seconds)}{quicker}."


def section_summary(section: Section) -> str:
    """Return how much a section holds."""
    return f"{len(section.tasks)} 项 · {duration(section.seconds)}"


def starter_note(section: Section) -> str:
    """Return where a section's workbook is; empty without one."""
    return "" if section.starter is None else f"可以用 Excel 导入建这张表: {section.starter.path}"


def before(guide: Guide) -> tuple[str, ...]:
    """Return what the reader should know first, one point each."""
    place = f"工作区 {guide.workspace_name}" if guide.workspace_name else "要搭建的工作区"
    points = [
        f"用管理员账号打开{place}, 把本指南放在旁边的窗口或手机上.",
        "从上往下做. 名称点「复制」后粘贴, 一字不差: 空格、全角半角、标点都算.",
        "做完一项勾一项. 勾选记在这台设备的这个浏览器里, 关掉再打开还在; 打印出来用笔勾也可以.",
        "标着「程序填写」的字段由程序写入, 人不要填; 有权限组的表只放开列出的可编辑字段, "
        "没有的最后一项是把它们设为只读.",
        "菜单名称以平台页面为准; 字段类型按平台上的叫法书写.",
        assumption(),
    ]
    if guide.starters:
        points.append(
            "给出 Excel 文件的表可以省些时间: 在平台上用「从 Excel 导入创建表格」导入它的第一个工作表, "
            f"标着「{IN_WORKBOOK}」的字段会一起建好; 导入时逐列核对类型, 导入后删除全部示例数据, 再逐项核对、补齐."
        )
        points.append(
            "平台怎样识别每一列的类型没有公开说明, 我们也没有在真实平台上验证过: "
            "先用第一张表试一次, 类型不对就改为手工新建."
        )
    return tuple(points)


def after() -> tuple[str, ...]:
    """Return what comes when all or a part is built."""
    return (
        "全部做完, 或只做完一部分, 都可以运行 huoban-perf plan: 程序重新读取工作区, 逐个字段核对, 做对的自动登记.",
        "plan 指出名称、类型、选项或关联不对的, 在工作区改好, 再运行 huoban-perf plan, 直到没有要做的事.",
        "视图、表单、权限组、页面、自动化接口里看不到: 做完一类, 运行 huoban-perf adopt --attest view --by 姓名 "
        "(view 换成 form、permission、page、automation; 全部做完写 all), 程序记下谁在什么时候确认的.",
        "接口看不出的设置 (plan 会逐条说明), 请对照本指南自己再看一遍.",
        "只剩一部分时, 重新运行 huoban-perf guide 会得到只含剩余步骤的指南; 勾选仍然有效.",
    )


def assumption() -> str:
    """Return what the estimates assume."""
    each = {work: f"{seconds} 秒" for work, seconds in SECONDS.items()}
    return (
        f"时间是估计, 按熟悉页面的人计算: 新建一张表 {each[Work.TABLE]}, 普通字段 {each[Work.FIELD]}, "
        f"关联字段 {each[Work.RELATION]}, 计算字段 {each[Work.COMPUTED]}, 每个选项 {each[Work.OPTION]}, "
        f"每个开关 {each[Work.MARK]}, 粘贴填写提示 {each[Work.HELP]}, 每个字段设只读 {each[Work.RIGHT]}, "
        f"一处修改 {each[Work.CHANGE]}, 一处删除 {each[Work.REMOVAL]}, "
        f"一个视图、表单、权限组、页面或自动化 {each[Work.DEFINITION]} 起, 每项设置再加 {each[Work.SETTING]}, "
        f"核对 Excel 带来的一个字段 {each[Work.CHECK]}."
    )


def duration(seconds: int) -> str:
    """Return a length of time in whole minutes, rounded up.

    Args:
        seconds: At least 0.

    Returns:
        For example ``约 1 小时 5 分钟``.
    """
    hours, minutes = divmod(-(-seconds // 60), 60)
    parts = [f"{hours} 小时"] if hours else []
    parts += [f"{minutes} 分钟"] if minutes or not hours else []
    return "约 " + " ".join(parts)
