"""State machines as data: states, transitions, who acts, what is asked and what follows.

The rule that applies them is ``core.states.decide``. Source: workflows.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Rule
from huoban_perf.core.schema.automations import Step

FORMER: Final = "$former"
"""Target of a transition that goes back to the state kept in the machine's ``former_field``."""

JOB: Final = "job"
"""Actor that is the program itself; it has no action field."""

REASON_FIELD: Final = "action_reason"
"""操作说明: reason, comment or evidence that goes with an action."""

RESULT_FIELD: Final = "action_result"
"""操作结果: what came of the last action."""


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


_One = TypeVar("_One", bound=_Keyed)


def _named(all_of_them: tuple[_One, ...], key: str) -> _One:
    for one in all_of_them:
        if one.key == key:
            return one
    raise KeyError(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts on a row under one name.

    Attributes:
        key: For example ``manager``; its action field is ``manager_action``.
        labels: Name of the action field's owner.
        fields: Member fields of the row whose holders are this actor.
        roles: Keys of roles whose holders are.
    """

    key: str
    labels: Labels
    fields: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def action_field(self) -> str | None:
        """Key of the choice field in which this actor picks an action; None for the program."""
        return None if self.key == JOB else f"{self.key}_action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A condition on the row itself, with what is said when it does not hold."""

    rows: Rule
    refusal: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A named check of things beyond the row, carried out by the caller.

    Attributes:
        key: Its name.
        refusal: What is said when it does not hold; placeholders are the verdict's facts.
        stage: Stage of the cycle it belongs to: not asked when that stage is off. None: always asked.
    """

    key: str
    refusal: Labels
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One way from a state to another.

    Attributes:
        key: Name of the action; unique in its machine. Its option in an action field has the same key.
        labels: What the person picks.
        sources: States it leaves; empty: it makes the row.
        target: State it reaches, or ``FORMER``.
        actors: Keys of the actors who may.
        needs: Fields that must be filled.
        reason: Whether 操作说明 must say why.
        demands: Conditions on the row.
        guards: Keys of named checks.
        steps: What else happens, in order, before the state moves.
        job: Job that carries out the whole transition, state last; None: the executor does.
        button: Whether it is worth one of the platform's few buttons.
        help: Said to the person, or None.
    """

    key: str
    labels: Labels
    sources: tuple[str, ...]
    target: str
    actors: tuple[str, ...]
    needs: tuple[str, ...] = ()
    reason: bool = False
    demands: tuple[Demand, ...] = ()
    guards: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    job: str | None = None
    button: bool = False
    help: Labels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state.

    Attributes:
        key: Key of the option of the status field.
        labels: The option's text.
        closed: Whether nothing is left to do in it.
        stage: Stage of the cycle it belongs to, or None: every cycle has it.
        skip_to: State reached in its place while its stage is off; stated exactly when ``stage`` is.
    """

    key: str
    labels: Labels
    closed: bool = False
    stage: str | None = None
    skip_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The state machine of one table.

    Attributes:
        table: Address of the table.
        field: Key of its status field.
        states: In the order of the status field's options.
        transitions: In the order in which people read them.
        actors: Who acts.
        guards: Named checks.
        former_field: Choice field that keeps the state to come back to, or None.
        history_field: Text field that gets a line when a state is first entered, or None.
    """

    table: Address
    field: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    actors: tuple[Actor, ...]
    guards: tuple[Guard, ...] = ()
    former_field: str | None = None
    history_field: str | None = None

    def state(self, key: str) -> State:
        """Return a state by its key; KeyError when there is none."""
        return _named(self.states, key)

    def actor(self, key: str) -> Actor:
        """Return an actor by its key; KeyError when there is none."""
        return _named(self.actors, key)

    def transition(self, key: str) -> Transition:
        """Return a transition by its key; KeyError when there is none."""
        return _named(self.transitions, key)

    def guard(self, key: str) -> Guard:
        """Return a guard by its key; KeyError when there is none."""
        return _named(self.guards, key)

    @property
    def open_states(self) -> tuple[str, ...]:
        """Keys of the states in which something is left to do."""
        return tuple(state.key for state in self.states if not state.closed)

    @property
    def closed_states(self) -> tuple[str, ...]:
        """Keys of the states in which nothing is."""
        return tuple(state.key for state in self.states if state.closed)

    def actions_of(self, actor: str) -> tuple[Transition, ...]:
        """Return what an actor may ever do.

        Args:
            actor: Key of the actor.

        Returns:
            Transitions in order.
        """
        return tuple(one for one in self.transitions if actor in one.actors)
