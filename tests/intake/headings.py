"""Headings as coordinators, forms, schools' and customers' systems write them, and those that are columns misspelt."""

from __future__ import annotations

OTHERS = [
    line.strip()
    for line in """
    Timestamp
    Email address
    Username
    First name
    Last name
    Surname
    Forename
    Known as
    Full name
    Preferred name
    Title
    Pronouns
    Date of birth
    Mobile
    Mobile number
    Telephone
    Landline
    Home address
    Address line 1
    Address line 2
    Town
    County
    Country
    Region
    Home postcode
    Work postcode
    Organisation
    Company
    Company size
    Job title
    Job role
    Department
    Division
    Team
    Line manager
    Supervisor
    Supervisor name
    Supervisor email
    Supervisor's phone
    Supervisors
    Supervising teacher
    Supervision ratio
    Supervision notes
    Relocation
    Translation
    Selection
    Available AM
    Available on
    Available for
    Relationship
    Relationship to school
    Relationship manager
    Relationships
    Relation to school
    Public relations
    Related school
    Relatives at this school
    Next of kin
    Emergency contact
    Emergency contact number
    Religion
    Nationality
    Languages spoken
    Dietary requirements
    Allergies
    Access needs
    Disability
    T-shirt size
    Photo consent
    Photo consent form
    Consent form
    Consent form returned
    Consent
    Consent date
    GDPR consent
    Data protection consent
    Marketing consent
    Consent to contact
    Consent to be filmed
    Parental consent
    Media permission
    Unavailable
    Unavailable dates
    Dates unavailable
    Unavailable from
    Unavailable until
    Unavailability
    Date available
    Dates available
    Days available
    Times available
    Hours available
    Available dates
    Available days
    Available times
    Available from
    Available until
    Available to travel
    Parking available
    Is parking available?
    Projector available
    Wifi available
    Room available
    Places available
    Spaces available
    Best day
    Preferred days
    Start date
    End date
    Finish
    Arrival time
    Notes on times
    DBS
    DBS number
    DBS checked
    DBS check date
    DBS check
    DBS status
    DBS issue date
    DBS expiry
    DBS certificate seen
    Check date
    Checked
    Checked by
    Checked on
    Date checked
    Check in time
    Checklist
    Checklist complete
    Checked in
    Checkout time
    Last checked
    Spell checked
    Safeguarding training
    Safeguarding lead
    Safeguarding training date
    Valid until
    Membership until
    References received
    Reference 1
    Interview date
    Interviewed by
    Induction date
    Recruited by
    Source
    Campaign
    Lead source
    Owner
    Record ID
    Created date
    Created by
    Last modified
    Last activity
    Modified by
    Status
    Stage
    Score
    Priority
    Tags
    Description
    Comments
    Notes
    Other notes
    Internal notes
    Any other information
    How did you hear about us?
    What would you like to talk about?
    Have you volunteered before?
    Number of visits last year
    Hours given
    Miles claimed
    Travel method
    Has a car
    Expenses
    Bank details
    Decision date
    Decision maker
    Decision made by
    Final decision
    Admission decision
    Revision
    Revision date
    Provision
    SEN provision
    Precision
    Location
    Rotation
    School
    School name
    School type
    School phase
    School status
    School website
    School contact
    Schools visited
    Schools interested
    Preferred schools
    Included schools
    Schools nearby
    Last school visited
    Nearest school
    Old school
    Local authority
    MAT
    Trust
    Headteacher
    Head teacher's name
    Careers lead
    Office email
    Reception phone
    Ofsted rating
    Number on roll
    NOR
    Exclusions
    Exclusion rate
    Permanent exclusions
    Fixed term exclusions
    Excluded pupils
    Pupils excluded from school
    Permanently excluded
    Percentage FSM
    EAL
    SEND
    Gender balance
    Attendance
    Teacher
    Class teacher
    Teaching assistant
    Number of adults
    Class size
    Year
    Key stage
    Room
    Hall
    Building
    Floor
    Parking
    Directions
    Session type
    Session theme
    Session length
    Session notes
    Sessions attended
    Session leader
    Discussion topic
    Topic
    Curriculum link
    Resources needed
    Equipment
    Feedback
    Rating
    Invoice number
    Cost
    Confirmed
    Confirmed by
    Booked
    Cancelled
    Reason
    Permission slip
    Risk assessment
    Match day
    Matched with
    Matching funding
    Mentor match
    Marching band
    Coaching
    Watching brief
    Contents
    Contract
    Content warning
    Variable
    Valuable items
    """.strip().splitlines()
]

MISSPELT = {
    "supervised": """
        supervized | superviesd | Supervised? | is_supervised | Is supervised | isSupervised | IsSupervised |
        supervisd | superised | suprvised | supervised by | supervised by teacher | Teacher supervised |
        Supervised (yes/no) | supervised_yn | supervisedYesNo | supervised1 | supervised.1 |
        Will it be supervised? | super vised | super-vised | supervise | supervises | supervision |
        Supervision required | superviced | suppervised | supervsied | supervi5ed | un-supervised | unsupervised |
        not supervised | ѕupervised | supervised\u200b | session supervised | dbs-supervized | Supervised status |
        Is the class supervized at all times
    """,
    "checked_until": """
        checked until date | checked_untill | check_until | check until | checks until | checkeduntill |
        chekced_until | checked_unitl | Checked Until (date) | checked until: | safeguarding checked until |
        DBS checked until | DBS check valid until | dbs_checked_until | checkedUntil date | checked.until.date |
        cheked until | checked/until/ | until checked | checked till | check till | dateCheckedUntil |
        checkd_untl | chequed until | checkeduntildate | Checked until?
    """,
    "excluded_schools": """
        excluded_school | excluded school | Excluded schools list | List of excluded schools | exclude schools |
        excluded-shools | exlcuded_schools | excludedschols | schools excluded | school_excluded | excl schools |
        excl. schools | excluded from schools | schools to exclude | exluded schools | excluded schoools |
        excludedSchoolIds | excluded_schools_ids | Excluded schools? | excludid schools | exclude_school
    """,
    "matching_consent": """
        matching consent given | matching_concent | maching consent | matchin_consent | match consent |
        consent matching | consent to matching | consent for matching | matchingconsent? | matching consents |
        Matching consent (yes/no) | matching-consnt | matching_cosent | has matching consent |
        hasMatchingConsent | consent_match | mathcing consent | I consent to matching | matching consent form |
        matchingconsents
    """,
    "available": """
        is_available | is available | isavailable | isAvailable | Available? | availble | avaliable | availabel |
        avaialble | avalable | availabe | avilable | Available (yes/no) | available_yn | availableYesNo |
        availableyesno | are you available? | available y/n | available1 | available.1 | avail | aviailable |
        Volunteer available | currently available | àvailable | available now | availlable | avail able
    """,
    "decision": """
        decisions | desicion | decison | descision | dicision | The decision | Decision? | decission | decsion |
        decision (keep/never) | decision_1 | isDecision | Decision value
    """,
    "relation": """
        relations | realtion | relaton | Relation? | rellation | relatoin | relation_type | type of relation |
        Relation 1 | kind of relation | reltaion
    """,
}

AT_HOME = {
    "volunteers": ("excluded_schools", ["Excluded", "exclude", "Exclusions", "is excluded", "excludd"]),
    "availability": ("available", ["availability", "Availability?", "availabilty", "not available", "avaiability"]),
    "pins": ("decision", ["pin decision", "decision date", "our decison"]),
}


def misspelt() -> list[tuple[str, str]]:
    """Each heading with the column that it resembles."""
    return [
        (heading.strip(), column) for column, text in MISSPELT.items() for heading in text.split("|") if heading.strip()
    ]
