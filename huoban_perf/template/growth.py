"""Growing: what a smaller app says of where its fields and options go in the app it grows to (``growth.yaml``)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from huoban_perf.core.errors import Problem, TemplateError
from huoban_perf.template.yaml_text import read_yaml

FILE = "growth.yaml"


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldGrowth(_Text):
    """Where a field goes.

    Attributes:
        to: ``table.field`` of the larger app.
        rows: Table that gets a row for each of its options.
    """

    to: str
    rows: str | None = None


class OptionGrowth(_Text):
    """What becomes of an option that the larger app does not have: another option, or a reason why nothing does.

    Attributes:
        becomes: Option of the same field.
        rows: Table that gets a row for each item that has it.
        stays: Why it needs no new place.
    """

    becomes: str | None = None
    rows: str | None = None
    stays: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> OptionGrowth:
        if (self.becomes is None) == (self.stays is None):
            raise ValueError("becomes or stays")
        return self


class CompanyText(_Text):
    """Code and name of the department above all."""

    code: str
    name: str


class AssumedText(_Text):
    """What the larger app asks for and the smaller one does not say."""

    company: CompanyText
    position_family: str
    stages: tuple[str, ...]


class GrowthText(_Text):
    """The file.

    Attributes:
        to: Template it grows to.
        fields: ``table.field`` → where it goes.
        options: ``table.field.option`` → what becomes of it.
        assumed: What is taken for granted.
    """

    to: str
    fields: dict[str, FieldGrowth]
    options: dict[str, OptionGrowth]
    assumed: AssumedText


def read_growth(folder: Path) -> GrowthText:
    """Read the growth file of a template.

    Args:
        folder: The smaller app's folder.

    Returns:
        The checked file.

    Raises:
        TemplateError: It is missing or has mistakes; all are listed.
    """
    problems: list[Problem] = []
    root = read_yaml(folder / FILE, problems=problems, shown=FILE)
    try:
        if root is not None and not problems:
            return GrowthText.model_validate(root)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in fault["loc"])
            problems.append(Problem(code="template.growth_fault", facts={"place": place}, file=FILE))
    raise TemplateError("template.invalid", facts={"template": FILE, "count": len(problems)}, problems=problems)
