"""Every rule and every goal, each in its own file, in the order of the contract.

To add one: write its file, and add it here. Tests and the rules page follow by themselves.
"""

from __future__ import annotations

from matcher.rules.available import Available
from matcher.rules.base import Example, Goal, MustRule, RoleModelGoal, Rule
from matcher.rules.cohort_day import CohortDay
from matcher.rules.ethnic_groups import EthnicGroups
from matcher.rules.excluded_school import ExcludedSchool
from matcher.rules.load_limit import LoadLimit
from matcher.rules.men_in_female_dominated import MenInFemaleDominated
from matcher.rules.mixed_team import MixedTeam
from matcher.rules.mode_and_distance import ModeAndDistance
from matcher.rules.model import Model
from matcher.rules.new_faces import NewFaces
from matcher.rules.one_place import OnePlaceAtATime
from matcher.rules.people import People
from matcher.rules.pins import Pins
from matcher.rules.preferences import Preferences
from matcher.rules.reach import Reach
from matcher.rules.required_sector import RequiredSector
from matcher.rules.safeguarding import Safeguarding
from matcher.rules.same_employer import SameEmployer
from matcher.rules.school_day import SchoolDay
from matcher.rules.sectors import Sectors
from matcher.rules.slot import OneOfItsSlots
from matcher.rules.spread_load import SpreadLoad
from matcher.rules.team_size import TeamSize
from matcher.rules.travel import Travel
from matcher.rules.women_in_male_dominated import WomenInMaleDominated

MUST_RULES: tuple[MustRule, ...] = (
    OneOfItsSlots(),
    TeamSize(),
    Available(),
    ModeAndDistance(),
    OnePlaceAtATime(),
    LoadLimit(),
    RequiredSector(),
    SameEmployer(),
    Safeguarding(),
    ExcludedSchool(),
    NewFaces(),
    CohortDay(),
    SchoolDay(),
    Pins(),
)

GOALS: tuple[Goal, ...] = (
    Reach(),
    People(),
    Sectors(),
    WomenInMaleDominated(),
    MenInFemaleDominated(),
    EthnicGroups(),
    MixedTeam(),
    Preferences(),
    SpreadLoad(),
    Travel(),
)

__all__ = ["GOALS", "MUST_RULES", "Example", "Goal", "Model", "MustRule", "RoleModelGoal", "Rule"]
