"""Invent a scenario of any size: same size and seed, same tables.

Schools stand around invented towns, or come from a register (see `register`). Everything about people is invented:
what their work is drawn from, and the shares used, are in `world`; the habits of programmes (how long, how many, how
far) are the `Recipe`. Capacity is moderately tight, and a few sessions are hard or impossible to deliver, as in life.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from matcher.authoring.register import most_deprived
from matcher.authoring.world import (
    EMPLOYERS,
    ETHNIC_SHARES,
    FIRST_NAMES,
    JOBS,
    LAST_NAMES,
    OCCUPATION_SHARES,
    PLACE_ENDINGS,
    PLACE_NAMES,
    SECTOR_SHARES,
    Job,
)
from matcher.errors import MatcherError
from matcher.geography import Position, distance_km
from matcher.tables import TABLES, WEEKDAYS, Row, Tables, Value
from matcher.times import Span, days, merged, without

Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of session: how long it takes, its team, and how many cohorts of the school take part."""

    name: str
    titles: tuple[str, ...]
    mode: str
    minutes: int
    min_volunteers: int
    max_volunteers: int
    cohorts: tuple[int, int]
    """From and to this many; fewer where the school has fewer."""
    weight: int


FORMATS: tuple[Format, ...] = (
    Format("assembly", ("What's My Line",), "in_person", 40, 4, 6, (2, 3), 22),
    Format("classroom chat", ("Classroom chat: my working day", "Ask me anything"), "in_person", 45, 1, 2, (1, 1), 28),
    Format("carousel", ("Speed networking",), "in_person", 60, 4, 8, (1, 2), 16),
    Format("single talk", ("How I got my job", "A job you may not know"), "in_person", 50, 1, 1, (1, 1), 16),
    Format(
        "virtual panel", ("Panel: jobs of the future", "Panel: from school to work"), "virtual", 45, 2, 4, (1, 2), 18
    ),
)

STARTS = ((9, 0), (9, 15), (9, 30), (10, 45), (11, 0), (13, 10), (13, 30), (14, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the invention is made from; probabilities and shares are 0 to 1."""

    name: str = ""
    """The programme's; blank: made from the size and the seed."""
    volunteers: int | None = None
    """None: in proportion to 300 for 33 schools."""
    sessions_per_school: float = 6.06
    """On average; 33 schools then ask for 200."""
    first_day: date = date(2026, 9, 7)
    last_day: date = date(2026, 12, 18)
    closed: tuple[date, ...] = tuple(days(date(2026, 10, 26), date(2026, 10, 30)))
    """Half-term: summer time ends on the Sunday before it."""
    latitude: float = 52.92
    longitude: float = -1.47
    """The first town's centre, where there is no register."""
    schools_per_town: int = 40
    arrival_minutes: int = 10
    formats: tuple[Format, ...] = FORMATS
    required_sector: float = 0.12
    unsupervised: float = 0.12
    hard_sessions: float = 0.04
    """Ask for two scarce sectors at a single time; as many again as half of these cannot take place at all."""
    ethnic_shares: Mapping[str, float] | None = None
    """None: those of the authority where `world` has them, else of England and Wales."""
    consent: float = 0.8
    gender_left_blank: float = 0.04
    ethnicity_left_blank: float = 0.08
    self_described_gender: float = 0.01
    virtual_only: float = 0.1
    in_person_only: float = 0.2
    no_position: float = 0.02
    no_check: float = 0.25
    check_expires_in_term: float = 0.1
    excludes_a_school: float = 0.04
    met_earlier_per_cohort: float = 0.5
    preferences_per_session: float = 1.2
    pinned_sessions: float = 0.02


def generate(
    schools: int = 33,
    seed: int = 1,
    *,
    volunteers: int | None = None,
    sessions: int | None = None,
    sessions_per_school: float | None = None,
    register: Path | None = None,
    authority: str | None = None,
    recipe: Recipe = Recipe(),
) -> Tables:
    """A scenario of that many schools; the given overrides go before the recipe's."""
    if schools < 1:
        raise MatcherError(f"A scenario of {schools} schools was asked for; ask for 1 or more.")
    people = volunteers if volunteers is not None else recipe.volunteers
    if people is None:
        people = max(4, round(schools * 300 / 33))
    if people < 1:
        raise MatcherError(f"A scenario of {people} volunteers was asked for; ask for 1 or more.")
    per_school = sessions_per_school if sessions_per_school is not None else recipe.sessions_per_school
    if not per_school > 0:
        raise MatcherError(f"{per_school:g} sessions a school were asked for; ask for more than 0.")
    asked = sessions if sessions is not None else max(1, round(schools * per_school))
    if asked < 1:
        raise MatcherError(f"A scenario of {asked} sessions was asked for; ask for 1 or more.")
    if authority is not None and register is None:
        raise MatcherError(f"The authority {authority} can only be looked up in a register; give the register's file.")
    invention = _Invention(Random(seed), recipe, authority)  # nosec B311 # invented terms are no secret
    if register is not None:
        invention.registered_schools(register, schools)
    else:
        invention.invented_schools(schools)
    invention.add_cohorts()
    invention.add_volunteers(people)
    invention.add_sessions(asked)
    invention.add_pins()
    invention.add_encounters()
    invention.add_preferences()
    invention.add_shares()
    name = recipe.name or f"Invented: {schools} schools, seed {seed}"
    return invention.tables(name)


@dataclass
class _Invention:
    rng: Random
    recipe: Recipe
    authority: str | None
    rows: dict[str, list[Values]] = field(default_factory=lambda: {table.name: [] for table in TABLES})
    pupils: dict[str, int] = field(default_factory=dict)
    """school_id -> pupils in a class."""
    years: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """school_id -> the year groups that may take part."""
    pinned_volunteers: set[str] = field(default_factory=set)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def add(self, table: str, **values: Value) -> Values:
        """Append a row, its blank cells None."""
        columns = next(each for each in TABLES if each.name == table).columns
        row: Values = {column.name: None for column in columns}
        row.update({name.rstrip("_"): None if value == "" or value == () else value for name, value in values.items()})
        self.rows[table].append(row)
        return row

    def tables(self, name: str) -> Tables:
        recipe = self.recipe
        programme: dict[str, object] = {
            "name": name,
            "timezone": "Europe/London",
            "first_day": recipe.first_day,
            "last_day": recipe.last_day,
        }
        if recipe.closed:
            programme["closed"] = recipe.closed
        programme["limits.arrival_minutes"] = recipe.arrival_minutes
        return Tables(
            programme,
            {
                table.name: tuple(Row(number, values) for number, values in enumerate(self.rows[table.name], start=2))
                for table in TABLES
            },
        )

    # --- Schools --------------------------------------------------------------------------------------------------

    def registered_schools(self, register: Path, count: int) -> None:
        for number, school in enumerate(most_deprived(register, self.authority, count), start=1):
            self._school(
                number,
                count,
                name=school.name,
                postcode=school.postcode,
                address=school.town,
                latitude=school.latitude,
                longitude=school.longitude,
                ward=school.ward,
                urn=school.urn,
                pupil_premium_percent=school.free_meals_percent,
            )
            roll = school.pupils or 210
            self.pupils[f"S{number:0{_width(count)}d}"] = min(30, max(12, round(roll / 7)))

    def invented_schools(self, count: int) -> None:
        rng, recipe = self.rng, self.recipe
        town_count = max(1, round(count / recipe.schools_per_town))
        centres = [(recipe.latitude, recipe.longitude)]
        while len(centres) < town_count:
            reach_km = 14 * math.sqrt(town_count)
            centres.append(_moved(*centres[0], reach_km * math.sqrt(rng.random()), rng.random()))
        names: set[str] = set()
        for number in range(1, count + 1):
            town = rng.randrange(town_count)
            latitude, longitude = _moved(*centres[town], abs(rng.gauss(0, 3)), rng.random())
            kind = rng.choices(("Primary School", "Academy", "Junior School", "Infant School"), (70, 14, 9, 7))[0]
            name = f"{rng.choice(PLACE_NAMES)}{rng.choice(PLACE_ENDINGS)} {kind}"
            while name in names:
                name = f"{rng.choice(PLACE_NAMES)} {rng.choice(PLACE_NAMES)}{rng.choice(PLACE_ENDINGS)} {kind}"
            names.add(name)
            ward = f"{PLACE_NAMES[(town * 7) % len(PLACE_NAMES)]} {rng.choice(('North', 'South', 'East', 'West'))}"
            school_id = self._school(
                number,
                count,
                name=name,
                postcode=f"ZZ{town + 1} {rng.randint(1, 9)}{rng.choice('ABDEF')}{rng.choice('GHJLN')}",
                address=f"{rng.choice(PLACE_NAMES)} Street",
                latitude=round(latitude, 5),
                longitude=round(longitude, 5),
                ward=ward,
                pupil_premium_percent=round(min(80.0, max(3.0, rng.gauss(38, 14))), 1),
            )
            self.pupils[school_id] = rng.randint(18, 30)

    def _school(self, number: int, count: int, **values: Value) -> str:
        rng = self.rng
        school_id = f"S{number:0{_width(count)}d}"
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        self.add(
            "schools",
            school_id=school_id,
            **values,
            max_sessions_per_day=rng.choices((None, 1, 2), (60, 15, 25))[0],
            contact_name=f"{first} {last}",
            contact_email=f"office@{school_id.lower()}.example",
        )
        self.years[school_id] = ("R", "1", "2") if "Infant" in str(values["name"]) else ("3", "4", "5", "6")
        return school_id

    def add_cohorts(self) -> None:
        for school in self.rows["schools"]:
            school_id = str(school["school_id"])
            years = self.years[school_id]
            for year in years[-self.rng.choice((2, 3)) :]:
                self.add(
                    "cohorts",
                    cohort_id=f"{school_id}-Y{year}",
                    school_id=school_id,
                    name="Reception" if year == "R" else f"Year {year}",
                    year_group=year,
                    pupils=min(30, self.pupils[school_id] + self.rng.randint(-3, 3)),
                )

    # --- Volunteers -----------------------------------------------------------------------------------------------

    def add_volunteers(self, count: int) -> None:
        rng, recipe = self.rng, self.recipe
        shares = recipe.ethnic_shares
        if shares is None:
            shares = ETHNIC_SHARES.get((self.authority or "").strip().casefold(), ETHNIC_SHARES[""])
        every_name = len(FIRST_NAMES) * len(LAST_NAMES)
        drawn = rng.sample(range(every_name), min(count, every_name))
        drawn += [rng.randrange(every_name) for _ in range(count - len(drawn))]
        job_weights = [job.weight for job in JOBS]
        for number, name in enumerate(drawn, start=1):
            volunteer_id = f"V{number:0{_width(count)}d}"
            first, last = FIRST_NAMES[name % len(FIRST_NAMES)], LAST_NAMES[name // len(FIRST_NAMES)]
            job = rng.choices(JOBS, job_weights)[0]
            gender, ethnicity, consent = self._demographics(job, shares)
            modes = self._modes()
            school = rng.choice(self.rows["schools"])
            latitude, longitude = self._home(school)
            known = not self.chance(recipe.no_position)
            outward = str(school["postcode"] or "").split(" ")[0]
            self.add(
                "volunteers",
                volunteer_id=volunteer_id,
                name=f"{first} {last}",
                email=f"{_ascii(first)}.{_ascii(last)}.{volunteer_id.lower()}@example.org",
                employer=self._employer(job),
                role=job.role,
                occupation=job.occupation,
                sector=job.sector,
                gender=gender,
                ethnicity=ethnicity,
                matching_consent=consent,
                postcode=outward,
                latitude=latitude if known else None,
                longitude=longitude if known else None,
                max_distance_km=rng.choices((None, 5.0, 8.0, 10.0, 15.0, 20.0), (20, 14, 20, 24, 12, 10))[0],
                modes=modes,
                max_sessions=rng.choices((None, 1, 2, 3, 4, 5, 6), (35, 5, 10, 13, 16, 12, 9))[0],
                max_sessions_per_day=rng.choices((None, 1, 2, 3), (70, 20, 7, 3))[0],
                checked_until=self._checked_until(),
                excluded_schools=self._excluded(),
            )
            self._add_availability(volunteer_id)

    def _demographics(self, job: Job, shares: Mapping[str, float]) -> tuple[str | None, str | None, str | None]:
        """Drawn for everyone, so that one person's consent changes nobody else; then blanked without consent."""
        rng, recipe = self.rng, self.recipe
        share = OCCUPATION_SHARES.get(job.occupation) or SECTOR_SHARES[job.sector]
        gender: str | None = "woman" if self.chance(share.share) else "man"
        if self.chance(recipe.self_described_gender):
            gender = "non-binary"
        if self.chance(recipe.gender_left_blank):
            gender = None
        ethnicity: str | None = rng.choices(list(shares), list(shares.values()))[0]
        if self.chance(recipe.ethnicity_left_blank):
            ethnicity = None
        refusal = rng.choice(("no", None))
        if self.chance(recipe.consent):
            return gender, ethnicity, "yes"
        return None, None, refusal

    def _modes(self) -> tuple[str, ...] | None:
        recipe = self.recipe
        drawn = self.rng.random()
        if drawn < recipe.virtual_only:
            return ("virtual",)
        if drawn < recipe.virtual_only + recipe.in_person_only:
            return ("in_person",)
        return self.rng.choice((None, ("in_person", "virtual")))

    def _home(self, school: Values) -> tuple[float, float]:
        rng = self.rng
        km = rng.uniform(6, 16) if self.chance(0.15) else abs(rng.gauss(0, 4))
        latitude, longitude = _moved(_number(school["latitude"]), _number(school["longitude"]), km, rng.random())
        return round(latitude, 3), round(longitude, 3)  # about 100 m: nobody's door

    def _employer(self, job: Job) -> str | None:
        rng = self.rng
        employer = rng.choice(EMPLOYERS[job.sector])
        written = (employer, employer.upper(), employer.lower(), employer.replace(" ", "  "), None)
        return rng.choices(written, (88, 2, 2, 3, 5))[0]

    def _checked_until(self) -> date | None:
        recipe = self.recipe
        if self.chance(recipe.no_check):
            return None
        term = (recipe.last_day - recipe.first_day).days
        if self.chance(recipe.check_expires_in_term):
            return recipe.first_day + timedelta(days=self.rng.randint(0, term))
        return recipe.last_day + timedelta(days=self.rng.randint(14, 700))

    def _excluded(self) -> tuple[str, ...] | None:
        if not self.chance(self.recipe.excludes_a_school):
            return None
        ids = [str(school["school_id"]) for school in self.rows["schools"]]
        return tuple(sorted(self.rng.sample(ids, min(len(ids), self.rng.choice((1, 1, 2))))))

    def _add_availability(self, volunteer_id: str) -> None:
        rng, recipe = self.rng, self.recipe
        term = days(recipe.first_day, recipe.last_day)
        first_day = last_day = None
        if self.chance(0.12):
            edge = term[len(term) // 4 + rng.randrange(len(term) // 2 + 1)]
            first_day, last_day = rng.choice(((edge, None), (None, edge)))
        weekdays = rng.sample(range(5), rng.choices((1, 2, 3, 5), (32, 38, 22, 8))[0])
        for weekday in sorted(weekdays):
            opening, closing = rng.choices(
                ((None, None), (8 * 60, 17 * 60), (8 * 60 + 30, 12 * 60 + 30), (12 * 60 + 30, 16 * 60 + 30)),
                (6, 40, 29, 25),
            )[0]
            self.add(
                "availability",
                volunteer_id=volunteer_id,
                weekday=WEEKDAYS[weekday],
                from_=opening,
                to=closing,
                first_day=first_day,
                last_day=last_day,
            )
        open_days = [day for day in term if day.weekday() < 5 and day not in recipe.closed]
        if self.chance(0.08):
            day = rng.choice(open_days)
            self.add("availability", volunteer_id=volunteer_id, date=day, from_=9 * 60, to=16 * 60)
        if self.chance(0.25):
            away = [day for day in open_days if day.weekday() in weekdays]
            for day in sorted(rng.sample(away, min(len(away), rng.choice((1, 1, 2))))):
                until = rng.choice((None, 12 * 60))
                self.add("availability", volunteer_id=volunteer_id, date=day, to=until, available="no")

    # --- Sessions -------------------------------------------------------------------------------------------------

    def add_sessions(self, count: int) -> None:
        rng, recipe = self.rng, self.recipe
        schools = [str(school["school_id"]) for school in self.rows["schools"]]
        cohorts: dict[str, list[str]] = {school_id: [] for school_id in schools}
        for cohort in self.rows["cohorts"]:
            cohorts[str(cohort["school_id"])].append(str(cohort["cohort_id"]))
        asked = {school_id: count // len(schools) for school_id in schools}
        for school_id in rng.sample(schools, count % len(schools)):
            asked[school_id] += 1
        for _ in range(len(schools) // 3):  # some schools ask for more than others
            giver, taker = rng.choice(schools), rng.choice(schools)
            if asked[giver] > 2:
                asked[giver] -= 1
                asked[taker] += 1
        hard = round(count * recipe.hard_sessions)
        trouble = ["scarce"] * hard + [("nobody", "closed", "dawn")[n % 3] for n in range(math.ceil(hard / 2))]
        troubled = dict(zip(rng.sample(range(count), len(trouble)), trouble, strict=True))
        index = 0
        for school_id in schools:
            for number in range(asked[school_id]):
                when = (number + rng.random()) / asked[school_id]
                session_id = f"{school_id}-{number + 1:0{_width(asked[school_id], 1)}d}"
                self._add_session(session_id, cohorts[school_id], when, troubled.get(index, ""))
                index += 1

    def _add_session(self, session_id: str, cohorts: Sequence[str], when: float, trouble: str) -> None:
        rng, recipe = self.rng, self.recipe
        kind = rng.choices(recipe.formats, [each.weight for each in recipe.formats])[0]
        taking_part = sorted(rng.sample(range(len(cohorts)), min(len(cohorts), rng.randint(*kind.cohorts))))
        sectors: tuple[str, ...] = ()
        if trouble == "scarce":
            sectors = tuple(rng.sample(("Robotics", "Arts", "Law", "Science"), min(2, kind.max_volunteers)))
        elif trouble == "nobody":
            sectors = ("Space",)
        elif self.chance(recipe.required_sector):
            sectors = (rng.choices(JOBS, [job.weight for job in JOBS])[0].sector,)
        self.add(
            "sessions",
            session_id=session_id,
            cohort_ids=tuple(cohorts[index] for index in taking_part),
            title=rng.choice(kind.titles),
            format=kind.name,
            mode=kind.mode,
            min_volunteers=kind.min_volunteers,
            max_volunteers=kind.max_volunteers,
            required_sectors=sectors,
            supervised="no" if self.chance(recipe.unsupervised) else None,
        )
        term = days(recipe.first_day, recipe.last_day)
        if trouble == "closed" and recipe.closed:
            starts = [datetime.combine(rng.choice(recipe.closed), time(10, 0))]
        else:
            open_days = [day for day in term if day.weekday() < 5 and day not in recipe.closed]
            target = min(len(open_days) - 1, int(when * len(open_days)))
            near = open_days[max(0, target - 7) : target + 8]
            slots = 1 if trouble == "scarce" else rng.choices((2, 3), (35, 65))[0]
            chosen = sorted(rng.sample(near, min(len(near), slots)))
            clocks = ((7, 10),) if trouble == "dawn" else STARTS
            starts = [datetime.combine(day, time(*rng.choice(clocks))) for day in chosen]
        for start in starts:
            self.add("slots", session_id=session_id, start=start, end=start + timedelta(minutes=kind.minutes))

    # --- What is known beforehand ---------------------------------------------------------------------------------

    def add_pins(self) -> None:
        """A few decisions that can certainly be kept.

        Each kept one is a session that one volunteer can run alone, and no two share a school or a volunteer.
        """
        rng, recipe = self.rng, self.recipe
        sessions = [row for row in self.rows["sessions"] if row["min_volunteers"] == 1 and not row["required_sectors"]]
        wanted = round(len(self.rows["sessions"]) * recipe.pinned_sessions)
        people = rng.sample(self.rows["volunteers"], len(self.rows["volunteers"]))
        slots: dict[str, list[Values]] = {}
        for slot in self.rows["slots"]:
            slots.setdefault(str(slot["session_id"]), []).append(slot)
        self._spans = self._free_spans()
        schools_used: set[str] = set()
        kept = 0
        for session in rng.sample(sessions, len(sessions)):
            if kept == wanted:
                break
            session_id = str(session["session_id"])
            school_id = session_id.rsplit("-", 1)[0]
            if school_id in schools_used:
                continue
            able = (
                (str(person["volunteer_id"]), slot)
                for person in people
                if str(person["volunteer_id"]) not in self.pinned_volunteers
                for slot in slots[session_id]
                if self._can_come(person, session, school_id, slot)
            )
            found = next(able, None)
            if found is None:
                continue
            volunteer_id, slot = found
            schools_used.add(school_id)
            self.pinned_volunteers.add(volunteer_id)
            if kept % 3 == 2:
                self.add("pins", session_id=session_id, start=slot["start"], decision="keep")
            else:
                self.add("pins", session_id=session_id, volunteer_id=volunteer_id, decision="keep")
            kept += 1
        others = [row for row in self.rows["sessions"] if str(row["session_id"]).rsplit("-", 1)[0] not in schools_used]
        for number, session in enumerate(rng.sample(others, min(len(others), kept // 2))):
            session_id = str(session["session_id"])
            if number % 2:
                start = rng.choice(slots[session_id])["start"]
                self.add("pins", session_id=session_id, start=start, decision="never")
            else:
                volunteer_id = str(rng.choice(people)["volunteer_id"])
                self.add("pins", session_id=session_id, volunteer_id=volunteer_id, decision="never")

    def _free_spans(self) -> dict[str, list[Span]]:
        """volunteer_id -> when they are free, day by day."""
        recipe = self.recipe
        yes: dict[str, list[Span]] = {}
        no: dict[str, list[Span]] = {}
        for row in self.rows["availability"]:
            opening, closing = _minutes(row["from"], 0), _minutes(row["to"], 24 * 60)
            if row["weekday"] is None:
                dates = [_day(row["date"], recipe.first_day)]
            else:
                between = days(_day(row["first_day"], recipe.first_day), _day(row["last_day"], recipe.last_day))
                dates = [day for day in between if WEEKDAYS[day.weekday()] == row["weekday"]]
            midnights = [datetime.combine(day, time()) for day in dates]
            (no if row["available"] == "no" else yes).setdefault(str(row["volunteer_id"]), []).extend(
                Span(midnight + timedelta(minutes=opening), midnight + timedelta(minutes=closing))
                for midnight in midnights
            )
        return {volunteer_id: without(spans, no.get(volunteer_id, ())) for volunteer_id, spans in yes.items()}

    def _can_come(self, person: Values, session: Values, school_id: str, slot: Values) -> bool:
        """Whether that volunteer alone could run that session at that time, nothing else considered."""
        start, end = slot["start"], slot["end"]
        assert isinstance(start, datetime) and isinstance(end, datetime)
        if start.date() in self.recipe.closed:
            return False
        modes = person["modes"] or ("in_person", "virtual")
        assert isinstance(modes, tuple)
        if session["mode"] not in modes or school_id in (person["excluded_schools"] or ()):  # type: ignore[operator]
            return False
        if session["supervised"] == "no" and _day(person["checked_until"], date.min) < start.date():
            return False
        if session["mode"] == "in_person":
            start -= timedelta(minutes=self.recipe.arrival_minutes)
            if person["max_distance_km"] is not None:
                school = next(row for row in self.rows["schools"] if row["school_id"] == school_id)
                limit = _number(person["max_distance_km"])
                if person["latitude"] is None or school["latitude"] is None:
                    return False
                home = Position(_number(person["latitude"]), _number(person["longitude"]))
                there = Position(_number(school["latitude"]), _number(school["longitude"]))
                if distance_km(home, there) > limit:
                    return False
        free = self._spans.get(str(person["volunteer_id"]), [])
        return any(span.start <= start and end <= span.end for span in merged(free))

    def add_encounters(self) -> None:
        """Whom cohorts met in the summer before: this programme's volunteers, or others who left no name."""
        rng, recipe = self.rng, self.recipe
        summer = [day for day in days(date(2026, 4, 20), date(2026, 7, 10)) if day.weekday() < 5]
        if recipe.first_day.year != 2026:
            summer = [recipe.first_day - timedelta(days=n) for n in range(140, 60, -1)]
        met: set[tuple[str, str]] = set()
        for _ in range(round(len(self.rows["cohorts"]) * recipe.met_earlier_per_cohort)):
            cohort_id = str(rng.choice(self.rows["cohorts"])["cohort_id"])
            person = rng.choice(self.rows["volunteers"])
            volunteer_id = str(person["volunteer_id"])
            named = self.chance(0.7)
            if named and ((cohort_id, volunteer_id) in met or volunteer_id in self.pinned_volunteers):
                continue
            met.add((cohort_id, volunteer_id))
            self.add(
                "encounters",
                cohort_id=cohort_id,
                date=rng.choice(summer),
                session_id="earlier-" + str(rng.randint(1, 20)),
                volunteer_id=volunteer_id if named else None,
                sector=person["sector"],
                occupation=person["occupation"],
                gender=person["gender"],
                ethnicity=person["ethnicity"],
            )

    def add_preferences(self) -> None:
        rng = self.rng
        sessions, people = self.rows["sessions"], self.rows["volunteers"]
        given: set[tuple[str, str]] = set()
        for _ in range(round(len(sessions) * self.recipe.preferences_per_session)):
            pair = (str(rng.choice(people)["volunteer_id"]), str(rng.choice(sessions)["session_id"]))
            score = rng.choice((-5, -3, -2, 1, 2, 2, 3, 3, 5))
            if pair not in given:
                given.add(pair)
                self.add("preferences", volunteer_id=pair[0], session_id=pair[1], score=score)

    def add_shares(self) -> None:
        """Women's share of each kind of work that occurs, with its source."""
        sectors = {row["sector"] for row in self.rows["volunteers"]}
        for sector, share in SECTOR_SHARES.items():
            if sector in sectors:
                self.add("sectors", sector=sector, share_women=share.share, source=share.source)
        occupations = {row["occupation"] for row in self.rows["volunteers"]}
        for occupation, share in OCCUPATION_SHARES.items():
            if occupation in occupations:
                self.add("occupations", occupation=occupation, share_women=share.share, source=share.source)


def _width(count: int, least: int = 2) -> int:
    return max(least, len(str(count)))


def _moved(latitude: float, longitude: float, km: float, turn: float) -> tuple[float, float]:
    """The position that many km away, `turn` of a full circle round from north; close enough for inventing."""
    north, east = km * math.cos(2 * math.pi * turn), km * math.sin(2 * math.pi * turn)
    return latitude + north / 111.2, longitude + east / (111.2 * math.cos(math.radians(latitude)))


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(str.maketrans("Łłı", "Lli")))
    return "".join(char for char in plain.lower() if char.isascii() and char.isalpha())


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _minutes(value: Value, default: int) -> int:
    return value if isinstance(value, int) else default


def _day(value: Value, default: date) -> date:
    return value if isinstance(value, date) else default
