from __future__ import annotations

import numpy as np

from matcher.domain import Plan, Problem, TierName, UnderWay
from matcher.rules.base import Example, Goal
from matcher.rules.lost import lost, told_to_come
from matcher.rules.model import Model
from matcher.rules.tiny import at, plan, problem, session, slot, volunteer

TEN, ELEVEN = slot("10:00", "11:00"), slot("11:00", "12:00")
SESSIONS = (session("S1", TEN, ELEVEN, team=(1, 2)), session("S2", school="B"))
PEOPLE = (volunteer("V1"), volunteer("V2"), volunteer("V3"))
TOLD = UnderWay(at("08:00"), plan(S1=(TEN, "V1 V2")), {})
DECLINED = UnderWay(at("08:00"), plan(S1=(TEN, "V1 V2")), {}, frozenset({("V2", "S1")}))


class Changes(Goal):
    """Of a term under way: as little as possible of what people were told changes.

    Whoever is taken out of a team or moved counts 2, a visit that is cancelled or moved 2, whoever comes new to a visit
    that was told 1. What no plan can keep any more counts nothing, and neither does what nobody was told of.
    """

    name, tier = "changes", TierName.CHANGES
    examples = (
        Example("all as told", problem(SESSIONS, PEOPLE, under_way=TOLD), plan(S1=(TEN, "V1 V2")), 0),
        Example("a visit nobody was told of", problem(SESSIONS, PEOPLE, under_way=TOLD), plan(S1=(TEN, "V1 V2")), 0),
        Example(
            "one taken out, one who comes new: 2 + 1",
            problem(SESSIONS, PEOPLE, under_way=TOLD),
            plan(S1=(TEN, "V1 V3")),
            amount=3,
        ),
        Example(
            "moved with both of them: 2 + 2 x 2",
            problem(SESSIONS, PEOPLE, under_way=TOLD),
            plan(S1=(ELEVEN, "V1 V2")),
            amount=6,
        ),
        Example("cancelled: 2 + 2 x 2", problem(SESSIONS, PEOPLE, under_way=TOLD), plan(S2="V3"), 6),
        Example(
            "instead of one who said no somebody comes new: 1",
            problem(SESSIONS, PEOPLE, under_way=DECLINED),
            plan(S1=(TEN, "V1 V3")),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        """A column that keeps what was told takes off what its loss costs; a seat of somebody new costs 1."""
        gone = lost(model.problem)
        columns: list[int] = []
        costs: list[int] = []
        for session_id, visit in told_to_come(model.problem).items():
            of_it = np.flatnonzero(model.visit_session == model.session_index.get(session_id, -1)).tolist()
            as_told = [column for column in of_it if model.visits[column][1].start == visit.slot.start]
            if session_id not in gone.sessions:
                model.constants[self.tier] += 2
                kept = of_it if session_id in gone.starts else as_told
                columns += kept
                costs += [-2] * len(kept)
            keep = {each for each in visit.team if (each, session_id) not in gone.assignments}
            model.constants[self.tier] += 2 * len(keep)
            first, last = np.searchsorted(model.seat_visit, [of_it[0], of_it[-1] + 1]) if of_it else (0, 0)
            for seat in range(first, last):
                person = model.volunteer_ids[model.seat_volunteer[seat]]
                if person not in visit.team:
                    cost = 1
                elif person in keep and int(model.seat_visit[seat]) in as_told:
                    cost = -2
                else:
                    continue
                columns.append(int(model.seats[seat]))
                costs.append(cost)
        model.gain(self.tier, np.array(columns, dtype=np.int64), np.array(costs, dtype=np.int64))

    def score(self, problem: Problem, plan: Plan) -> int:
        gone, total = lost(problem), 0
        for session_id, told in told_to_come(problem).items():
            visit = plan.visits.get(session_id)
            stays = visit is not None and visit.slot.start == told.slot.start
            if session_id not in gone.sessions and (visit is None or not (stays or session_id in gone.starts)):
                total += 2
            for volunteer_id in told.team:
                if (volunteer_id, session_id) not in gone.assignments:
                    total += 0 if stays and visit and volunteer_id in visit.team else 2
            total += len(set(visit.team) - set(told.team)) if visit else 0
        return total
