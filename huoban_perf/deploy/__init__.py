"""Deploy: observe, compare, guard, plan, apply, remember; no HTML, no HTTP.

The four beats of this room: *survey* lays wish (template), state (what we did) and workspace (what stands) side by side
(``pairing``: which object is which; ``compare``: attribute by attribute, three ways); ``planning`` turns differences
into an ordered, guarded, sealed ``Plan``; ``apply`` carries it out through a ``Connection``, saving the state after
every effect, and reads back; what no connection can do becomes a sheet for a person (``manual``).

Around them: ``snapshot`` and ``backup`` put structure and items aside before anything is lost, ``rollback`` and
``restore`` bring them back; ``export`` writes a workspace as a template; ``own_names`` and ``likeness`` find what a
company calls otherwise; ``promotion`` lays two workspaces side by side. Views, forms, permissions, pages and
automations are definitions (``compare.definitions``): compared where a connection shows them, else taken on a person's
word.

May import ``core`` and ``template``. Never reads a clock, prints, or speaks HTTP.

Promises, each with a test: planning sends nothing and changes nothing; nothing is created twice, however often a run is
killed and repeated; no step refers to a later one; a changed label never creates or deletes; a renamed key keeps its
id; nothing that is not ours is touched; what a read cannot prove is neither passed nor failed but named; nothing that
loses data begins before it was put aside; a rollback deletes nothing.

Start reading at ``planning.make_plan`` and ``apply.apply_plan``.
"""

from huoban_perf.deploy.adopt import Proposal, adopt, attest, exact, proposals, similar, unseen
from huoban_perf.deploy.apply import apply_plan
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.captures import CaptureRegister, KnownAutomation
from huoban_perf.deploy.drift import DriftReport, drift
from huoban_perf.deploy.export import Exported, export_template
from huoban_perf.deploy.guard import Consent, Limits
from huoban_perf.deploy.hints import heard_tables, hush, standing, tell
from huoban_perf.deploy.lock import LockOwner
from huoban_perf.deploy.manual import SheetBlock, SheetPart, SheetRow, manual_sheet, sheet_parts
from huoban_perf.deploy.moves import rebound
from huoban_perf.deploy.naming import Named, Vocabulary
from huoban_perf.deploy.own_names import read_names, with_own_names
from huoban_perf.deploy.plan import Performer, Plan, Reason, Risk, Step
from huoban_perf.deploy.planning import PlanOptions, make_plan
from huoban_perf.deploy.promotion import Promotion, Stand, demand_ready, promotion_of
from huoban_perf.deploy.report import ApplyReport, Outcome, StepResult
from huoban_perf.deploy.restore import RestoredTable
from huoban_perf.deploy.rollback import RollbackReport, Undertaking, plan_rollback, roll_back, undertaking_of
from huoban_perf.deploy.snapshot import Snapshot, SnapshotStore
from huoban_perf.deploy.state import Origin, StateFile, StateObject, StateOwner, bindings_of
from huoban_perf.deploy.store import StateStore, state_path
from huoban_perf.deploy.survey import Survey, survey
from huoban_perf.deploy.target import DeployTarget
from huoban_perf.deploy.words import attribute_name, kind_name, value_text

__all__ = [
    "ApplyReport",
    "CaptureRegister",
    "Consent",
    "DeployTarget",
    "DriftReport",
    "Exported",
    "KnownAutomation",
    "Limits",
    "LockOwner",
    "Named",
    "Note",
    "Origin",
    "Outcome",
    "Performer",
    "Plan",
    "PlanOptions",
    "Promotion",
    "Proposal",
    "Reason",
    "RestoredTable",
    "Risk",
    "RollbackReport",
    "SheetBlock",
    "SheetPart",
    "SheetRow",
    "Snapshot",
    "SnapshotStore",
    "Stand",
    "StateFile",
    "StateObject",
    "StateOwner",
    "StateStore",
    "Step",
    "StepResult",
    "Survey",
    "Undertaking",
    "Vocabulary",
    "adopt",
    "apply_plan",
    "attest",
    "attribute_name",
    "bindings_of",
    "demand_ready",
    "drift",
    "exact",
    "export_template",
    "heard_tables",
    "hush",
    "kind_name",
    "make_plan",
    "manual_sheet",
    "plan_rollback",
    "promotion_of",
    "proposals",
    "read_names",
    "rebound",
    "roll_back",
    "sheet_parts",
    "similar",
    "standing",
    "state_path",
    "survey",
    "tell",
    "undertaking_of",
    "unseen",
    "value_text",
    "with_own_names",
]
