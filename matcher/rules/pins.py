from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Decision, Finding, Pin, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import UNBOUNDED, Ints, Model, Terms, ranges
from matcher.rules.tiny import at, plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")
TWO_SLOTS = session("S1", slot(), TEN)
PEOPLE = (volunteer("V1"), volunteer("V2"))


class Pins(MustRule):
    """What the coordinator decided stands: who is kept, who never comes, which start is kept or ruled out."""

    name, place = "pins", 17
    overridable = False
    barrier = "ruled out by a pin"
    examples = (
        Example(
            "the one to keep is there",
            problem([TWO_SLOTS], PEOPLE, pins=(Pin("S1", Decision.KEEP, "V1"),)),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "somebody else is there",
            problem([TWO_SLOTS], PEOPLE, pins=(Pin("S1", Decision.KEEP, "V1"),)),
            plan(S1="V2"),
            amount=1,
        ),
        Example(
            "the one never to come is there",
            problem([TWO_SLOTS], PEOPLE, pins=(Pin("S1", Decision.NEVER, "V1"),)),
            plan(S1="V1"),
            amount=1,
        ),
        Example(
            "it runs at the other start",
            problem([TWO_SLOTS], PEOPLE, pins=(Pin("S1", Decision.KEEP, start=at("10:00")),)),
            plan(S1="V1"),
            amount=1,
        ),
        Example(
            "it runs at the start that was ruled out",
            problem([TWO_SLOTS], PEOPLE, pins=(Pin("S1", Decision.NEVER, start=at("10:00")),)),
            plan(S1=(TEN, "V1")),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        """A row a pin; one that no column can satisfy keeps its row, without terms, and so forbids every plan."""
        pins = [pin for pin in model.problem.pins if pin.session_id not in model.problem.past]
        columns = [self.columns(model, pin) for pin in pins]
        sizes = [len(found) for found in columns]
        keep = np.array([pin.decision is Decision.KEEP for pin in pins], dtype=bool)
        model.add_rows(
            Terms.of(
                np.repeat(np.arange(len(pins)), sizes),
                np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64),
            ),
            low=np.where(keep, 1, -UNBOUNDED),
            high=np.where(keep, UNBOUNDED, 0),
        )

    @staticmethod
    def columns(model: Model, pin: Pin) -> Ints:
        """The columns of which one must be 1 (keep), or all must be 0 (never)."""
        session = model.session_index[pin.session_id]
        visits = np.flatnonzero(model.visit_session == session)
        if pin.volunteer_id is not None:
            person = model.volunteer_index[pin.volunteer_id]
            first = np.searchsorted(model.seat_visit, visits)
            seats = ranges(first, np.searchsorted(model.seat_visit, visits, side="right") - first)
            return np.asarray(model.seats[seats[model.seat_volunteer[seats] == person]])
        starts = np.array([model.visits[visit][1].start == pin.start for visit in visits], dtype=bool)
        return np.asarray(visits[starts])

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return finding.text.replace("The plan does not respect", "it goes against").removesuffix(".")

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for pin in problem.pins:
            visit = plan.visits.get(pin.session_id)
            if pin.volunteer_id is not None:
                so = visit is not None and pin.volunteer_id in visit.team
            else:
                so = visit is not None and visit.slot.start == pin.start
            if so != (pin.decision is Decision.KEEP):
                about = (pin.session_id,) if pin.volunteer_id is None else (pin.volunteer_id, pin.session_id)
                text = f"The plan does not respect the pin “{pin}”."
                yield Finding(
                    self.name,
                    about,
                    1,
                    text,
                    people=(pin.volunteer_id,) if pin.volunteer_id else (),
                    sessions=(pin.session_id,),
                )
