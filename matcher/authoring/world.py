"""What invented people are drawn from: names, kinds of work with women's published share of them, census shares.

Every figure names its source; one that nobody publishes says "assumption". Names are drawn from one pool whatever the
person's gender, ethnicity or work, on purpose: nothing about a person is to be read off a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_APS = "ONS Annual Population Survey 2021 (Nomis)"
_WISE = "WISE, August 2022"
_CENSUS = "ONS Census 2011 microdata teaching file"


@dataclass(frozen=True, slots=True)
class Share:
    """Women's share of the people who do some work."""

    share: float
    source: str


def _counted(women: int, men: int, what: str) -> Share:
    return Share(round(women / (women + men), 4), f"{_APS}: {what}, {women:,} women and {men:,} men")


SECTOR_SHARES: Mapping[str, Share] = {
    "Rail": Share(0.2256, f"{_CENSUS}: transport and storage; information and communication (proxy)"),
    "Engineering": Share(0.129, f"{_WISE}: engineering professionals (proxy)"),
    "Digital": Share(0.191, f"{_WISE}: IT professionals (proxy)"),
    "Robotics": Share(0.129, f"assumption: as engineering professionals ({_WISE})"),
    "Science": Share(0.308, f"{_WISE}: science and engineering technicians (proxy)"),
    "Construction": Share(0.1052, f"{_CENSUS}: construction"),
    "Manufacturing": Share(0.2291, f"{_CENSUS}: mining; manufacturing; electricity, gas; water supply"),
    "Health": Share(0.7964, f"{_CENSUS}: human health and social work"),
    "Education": Share(0.7138, f"{_CENSUS}: education"),
    "Finance": Share(0.5293, f"{_CENSUS}: finance and insurance"),
    "Law": _counted(81500, 61100, "lawyers (proxy)"),
    "Emergency services": Share(0.481, f"{_CENSUS}: public administration and defence (proxy)"),
    "Local government": Share(0.481, f"{_CENSUS}: public administration and defence (proxy)"),
    "Hospitality": Share(0.5587, f"{_CENSUS}: accommodation and food"),
    "Retail": Share(0.4801, f"{_CENSUS}: wholesale and retail; motor repair"),
    "Media": Share(0.4519, f"{_CENSUS}: real estate; professional, scientific, technical; administrative (proxy)"),
    "Arts": Share(0.602, f"{_CENSUS}: other service (proxy)"),
    "Sport": Share(0.5, "assumption: even, for want of a published figure"),
}

OCCUPATION_SHARES: Mapping[str, Share] = {
    "engineer": _counted(68300, 475700, "engineers"),
    "programmer": _counted(70000, 397100, "programmers"),
    "technician": _counted(2297100, 2612800, "technicians as labelled in the source"),
    "mechanic": _counted(7500, 299000, "mechanics"),
    "electrician": _counted(4100, 218200, "electricians"),
    "plumber": _counted(1936, 135800, "plumbers (the women's figure is an estimate)"),
    "carpenter": _counted(2620, 183700, "carpenters (the women's figure is an estimate)"),
    "architect": _counted(4600, 12900, "architects"),
    "nurse": _counted(494900, 69200, "nurses"),
    "doctor": _counted(393800, 265800, "health professionals (proxy)"),
    "surgeon": Share(0.3727, "GMC/Statista: specialist practitioners, 39,788 women and 66,972 men"),
    "paramedic": _counted(15400, 17300, "paramedics"),
    "pharmacist": _counted(39800, 26000, "pharmacists"),
    "therapist": _counted(164100, 35000, "therapists"),
    "dietitian": _counted(55000, 15100, "other health professionals (proxy)"),
    "psychologist": _counted(36900, 9500, "psychologists"),
    "firefighter": _counted(4700, 29000, "firefighters"),
    "lawyer": _counted(81500, 61100, "lawyers"),
    "secretary": _counted(533600, 51600, "secretaries"),
    "accountant": _counted(83300, 110100, "accountants"),
    "broker": _counted(9200, 40800, "brokers"),
    "manager": _counted(1227500, 2139700, "managers"),
    "administrator": _counted(1843100, 856100, "administrators"),
    "receptionist": _counted(171200, 19700, "receptionists"),
    "chef": _counted(55000, 140200, "chefs"),
    "baker": _counted(19700, 15300, "bakers"),
    "hairdresser": _counted(208900, 36800, "hairdressers"),
    "salesperson": _counted(935100, 612400, "salespeople"),
    "teacher": _counted(1130000, 542900, "teachers"),
    "librarian": _counted(14000, 7400, "librarians"),
    "veterinarian": _counted(11500, 13900, "veterinarians"),
    "artist": _counted(28300, 15500, "artists (proxy)"),
}


@dataclass(frozen=True, slots=True)
class Job:
    """A role as pupils hear it; the occupation is blank or has no published share where the sector's must serve."""

    sector: str
    role: str
    occupation: str
    weight: int


JOBS: tuple[Job, ...] = (
    Job("Rail", "train driver", "train driver", 8),
    Job("Rail", "signalling engineer", "engineer", 7),
    Job("Rail", "rolling-stock fitter", "mechanic", 6),
    Job("Rail", "timetable planner", "", 5),
    Job("Rail", "station manager", "manager", 4),
    Job("Health", "children's nurse", "nurse", 12),
    Job("Health", "junior doctor", "doctor", 6),
    Job("Health", "surgeon", "surgeon", 2),
    Job("Health", "pharmacist", "pharmacist", 4),
    Job("Health", "physiotherapist", "therapist", 6),
    Job("Health", "dietitian", "dietitian", 2),
    Job("Health", "clinical psychologist", "psychologist", 3),
    Job("Health", "ward receptionist", "receptionist", 3),
    Job("Health", "hospital porter", "hospital porter", 2),
    Job("Digital", "software developer", "programmer", 12),
    Job("Digital", "games designer", "", 4),
    Job("Digital", "cyber-security analyst", "IT professional", 5),
    Job("Digital", "data analyst", "IT professional", 5),
    Job("Engineering", "aero-engine engineer", "engineer", 14),
    Job("Engineering", "design engineer", "engineer", 7),
    Job("Engineering", "apprentice technician", "technician", 5),
    Job("Robotics", "robotics engineer", "engineer", 6),
    Job("Robotics", "drone pilot", "", 3),
    Job("Science", "laboratory technician", "technician", 5),
    Job("Science", "ecologist", "", 4),
    Job("Science", "veterinary surgeon", "veterinarian", 3),
    Job("Construction", "electrician", "electrician", 6),
    Job("Construction", "plumber", "plumber", 4),
    Job("Construction", "carpenter", "carpenter", 3),
    Job("Construction", "architect", "architect", 4),
    Job("Construction", "site manager", "manager", 3),
    Job("Manufacturing", "production manager", "manager", 5),
    Job("Manufacturing", "quality technician", "technician", 5),
    Job("Emergency services", "firefighter", "firefighter", 7),
    Job("Emergency services", "paramedic", "paramedic", 5),
    Job("Emergency services", "police officer", "police officer", 7),
    Job("Law", "solicitor", "lawyer", 6),
    Job("Law", "legal secretary", "secretary", 3),
    Job("Finance", "accountant", "accountant", 7),
    Job("Finance", "insurance broker", "broker", 3),
    Job("Media", "radio presenter", "", 4),
    Job("Media", "photographer", "artist", 3),
    Job("Arts", "illustrator", "artist", 3),
    Job("Arts", "theatre lighting designer", "", 3),
    Job("Sport", "football coach", "sports coach", 7),
    Job("Sport", "community sport manager", "manager", 4),
    Job("Sport", "sports therapist", "therapist", 3),
    Job("Education", "university lecturer", "teacher", 4),
    Job("Education", "librarian", "librarian", 4),
    Job("Local government", "town planner", "", 4),
    Job("Local government", "council administrator", "administrator", 5),
    Job("Hospitality", "head chef", "chef", 5),
    Job("Hospitality", "baker", "baker", 3),
    Job("Retail", "shop manager", "manager", 4),
    Job("Retail", "hairdresser", "hairdresser", 4),
    Job("Retail", "car salesperson", "salesperson", 2),
)
"""The weights are assumptions: nobody publishes who volunteers. They lean to the sectors such programmes draw on."""

EMPLOYERS: Mapping[str, tuple[str, ...]] = {
    "Rail": ("Litchurch Rail Works", "Midshire Trains", "Five Lamps Signalling"),
    "Health": ("Trentside Hospitals", "Riverside Community Health", "Market Place Pharmacy"),
    "Digital": ("Quad Pixel", "Silk Mill Software", "Ram & Byte"),
    "Engineering": ("Osmaston Aero", "Derventio Engineering", "Spire Gears"),
    "Robotics": ("Peak Robotics", "Nightingale Drones"),
    "Science": ("Dovedale Laboratories", "Markeaton Ecology"),
    "Construction": ("Cathedral Quarter Builders", "Brick & Beam", "Pride Park Electrical"),
    "Manufacturing": ("Crown Porcelain Works", "Allestree Foods"),
    "Emergency services": ("Midshire Fire and Rescue", "Midshire Ambulance", "Midshire Police"),
    "Law": ("Friar Gate Law", "Iron Gate Chambers"),
    "Finance": ("Sadler Gate Accountants", "Midshire Building Society"),
    "Media": ("Radio Derwent", "Wardwick Studios"),
    "Arts": ("Green Lane Theatre", "Self-employed illustrator"),
    "Sport": ("Rams in the Park", "County Cricket Foundation", "Arena Active"),
    "Education": ("Kedleston Road University", "Midshire Libraries"),
    "Local government": ("Midshire Council",),
    "Hospitality": ("The Silk Kitchen", "Normanton Road Bakery"),
    "Retail": ("Eagle Market Traders", "Intown Stores"),
}
"""All invented, most after streets; any likeness to a real employer is chance."""

ETHNIC_SHARES: Mapping[str, Mapping[str, float]] = {
    "derby": {"white": 73.8, "asian": 15.6, "black": 4.0, "mixed": 3.7, "other": 2.9},
    "": {"white": 81.7, "asian": 9.3, "black": 4.0, "mixed": 2.9, "other": 2.1},
}
"""Per cent of the people, Census 2021 (ONS): by authority, in lower case; "" is England and Wales."""

FIRST_NAMES: tuple[str, ...] = (
    *("Aaliyah", "Adaeze", "Agnieszka", "Aisha", "Alex", "Amarjit", "Amelia", "Amir", "Anjali", "Arjun", "Asif"),
    *("Bartosz", "Beatrice", "Bilal", "Brian", "Bronwen", "Callum", "Carmen", "Chloé", "Chukwuemeka", "Daniel"),
    *("Darren", "Deepika", "Denise", "Desmond", "Diane", "Dylan", "Elżbieta", "Emma", "Fatima", "Femi", "Fiona"),
    *("Gareth", "George", "Grace", "Gurpreet", "Hannah", "Harjit", "Hassan", "Helen", "Ibrahim", "Imani", "Iqbal"),
    *("Jamal", "Jasmine", "Joanna", "Jordan", "Joseph", "José", "Joyce", "Kamila", "Karen", "Kateryna", "Keisha"),
    *("Khadija", "Kiran", "Leon", "Leroy", "Łukasz", "Lynn", "Małgorzata", "Manjit", "Marek", "Marlon", "Maryam"),
    *("Mei", "Michael", "Mohammed", "Nadia", "Navdeep", "Neil", "Ngozi", "Nikhil", "Oksana", "Olivia", "Oluwaseun"),
    *("Omar", "Patrick", "Paweł", "Priya", "Rajesh", "Rebecca", "Renée", "Robin", "Rosa", "Saima", "Samuel"),
    *("Seán", "Shanice", "Siân", "Simran", "Siobhán", "Stephen", "Sunita", "Tariq", "Thomas", "Tomasz", "Usman"),
    *("Valerie", "Wei", "Winston", "Yusuf", "Zainab", "Zara", "Zbigniew", "Zoë"),
)

LAST_NAMES: tuple[str, ...] = (
    *("Adeyemi", "Ahmed", "Akhtar", "Ali", "Allsop", "Anand", "Bailey", "Bains", "Banerjee", "Baptiste", "Begum"),
    *("Bennett", "Bhatti", "Brown", "Campbell", "Chan", "Chaudhry", "Clarke", "Cooper", "Dąbrowski", "Das", "Davies"),
    *("Dhillon", "Evans", "Fernández", "Francis", "Gill", "Gonçalves", "Gordon", "Green", "Hall", "Hussain"),
    *("Iqbal", "Jackson", "Johal", "Jones", "Joseph", "Kaur", "Kamińska", "Khan", "Kowalski", "Kovalenko", "Lewis"),
    *("Lewandowska", "Mahmood", "Malik", "Marshall", "Mensah", "Mistry", "Morgan", "Mwangi", "Nazir", "Ncube"),
    *("Nowak", "O'Brien", "O'Neill", "Okafor", "Osei", "Owen", "Parmar", "Patel", "Peters", "Popescu", "Qureshi"),
    *("Rahman", "Reid", "Richards", "Roberts", "Robinson", "Sandhu", "Shah", "Sharma", "Siddiqui", "Singh"),
    *("Smith", "Spencer", "Szymański", "Taylor", "Thompson", "Turner", "Ullah", "Virdee", "Walker", "Ward", "Wats"),
    *("Williams", "Wilson", "Wiśniewska", "Wong", "Wójcik", "Wright", "Yılmaz", "Young", "Zając", "Zielińska"),
)

PLACE_NAMES: tuple[str, ...] = (
    *("Alder", "Ashby", "Bank", "Barley", "Beech", "Bridge", "Brook", "Canal", "Castle", "Cedar", "Chapel", "Church"),
    *("Clover", "Cross", "Dale", "Elm", "Fern", "Field", "Ford", "Forge", "Gate", "Grange", "Green", "Hazel", "Heath"),
    *("High", "Hill", "Holly", "Kiln", "Lark", "Lime", "Manor", "Maple", "Market", "Meadow", "Mill", "Moor", "Oak"),
    *("Orchard", "Park", "Pear", "Priory", "Quarry", "River", "Rowan", "Spring", "Station", "Stone", "Swan", "Thorn"),
    *("Vale", "Water", "Well", "West", "Willow", "Wind", "Wood", "Yew"),
)

PLACE_ENDINGS: tuple[str, ...] = (
    *("bank", "bourne", "bridge", "brook", "bury", "croft", "dale", "den", "field", "ford", "gate", "grove", "ham"),
    *("hill", "hurst", "ley", "mead", "mere", "ridge", "side", "stead", "ton", "well", "wick", "wood", "worth"),
)
