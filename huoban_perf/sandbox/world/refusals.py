"""Why the world says no. The faces turn each into a code and a text of the wire."""

from __future__ import annotations

from collections.abc import Sequence


class RefusalError(Exception):
    """Root: the call changes nothing."""


class AccessRefusedError(RefusalError):
    """No key, an unknown key, or a key of another workspace."""


class NotAdminError(RefusalError):
    """The identity is known and may not change what the workspace is made of (planes beside v1)."""


class NoReasonError(RefusalError):
    """A header of the web page is missing or wrong, and the platform does not say so (automation gateway)."""


class ScriptError(RefusalError):
    """A script names a variable that does not exist; the text is the platform's (automation gateway)."""


class NoRightError(RefusalError):
    """The person whose key it is may not do this in the table."""


class UnknownCallError(RefusalError):
    """No such path, or not with this verb."""


class GoneError(RefusalError):
    """The table, item or other object does not exist, or the key may not see it."""


class ParameterError(RefusalError):
    """A parameter is missing or has no meaning.

    Attributes:
        name: The parameter.
        detail: What is wrong with it, or empty when it is missing.
    """

    def __init__(self, name: str, detail: str = "") -> None:
        """Keep the parameter's name."""
        super().__init__(name)
        self.name = name
        self.detail = detail


class UnfitError(Exception):
    """One value does not fit its field; the text says why."""


class UnknownReferenceError(UnfitError):
    """One value names an option, member, item or file that does not exist."""


class ValuesRefusedError(RefusalError):
    """Values of one item that cannot be written.

    Attributes:
        problems: Pairs of field id and reason, the reason naming the field.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Keep every problem."""
        super().__init__("; ".join(reason for _, reason in problems))
        self.problems = tuple(problems)


class AmbiguousKeyError(RefusalError):
    """Several items hold the match key of an entry."""


class ThrottledError(RefusalError):
    """The key sends too fast."""


class BrokenError(RefusalError):
    """A fault that was asked for: the platform fails on its own."""
