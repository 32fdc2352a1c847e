"""Plausible patients for the demo hospital: visits over the last ninety days and their answers.

Everything is drawn from the given random source, so that the same seed gives the same hospital.
A patient has one mood that colours all their answers; departments and the slower steps of a visit
(waiting, decoction, toilets) differ, so that a dashboard has something to show.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import engine
from engine.definition import Document
from engine.parts import Node, Option
from engine.questions import (
    Cascade,
    Consent,
    DateQuestion,
    DepartmentQuestion,
    Matrix,
    MultiChoice,
    Nps,
    NumberQuestion,
    Question,
    Ranking,
    Rating,
    SingleChoice,
    StaffQuestion,
    TextQuestion,
    TimeQuestion,
    YesNo,
)

HOSPITAL = Path(__file__).parent / "hospital"
GUANGZHOU = ZoneInfo("Asia/Shanghai")
DAYS = 90
NOT_APPLICABLE = {"not_applicable": True}

SHARE_OF_SURVEYS = {
    "outpatient_satisfaction": 52,
    "emergency_satisfaction": 12,
    "inpatient_satisfaction": 14,
    "examination_satisfaction": 9,
    "praise": 4,
    "suggestion": 4,
    "complaint": 2,
    "consultation": 2,
    "whistleblow": 1,
}
SHARE_OF_SITES = {
    "dade_road": 34,
    "ersha_island": 14,
    "fangcun": 14,
    "university_town": 20,
    "xiatang": 5,
    "tianhe": 8,
    "shijing": 5,
}
SHARE_OF_CHANNELS = {"miniprogram": 62, "web": 20, "kiosk": 18}
SHARE_OF_LANGUAGES = {"zh-CN": 96, "en": 4}

USUAL_MOOD = 4.25
MOOD_BY_DEPARTMENT = {
    "dermatology": -0.55,
    "pediatrics": -0.4,
    "emergency": -0.3,
    "orthopedics": -0.15,
    "acupuncture": 0.35,
    "tuina": 0.3,
    "preventive_treatment": 0.3,
    "ward_oncology": -0.2,
    "ward_gynecology": 0.25,
    "health_examination": 0.1,
}
MOOD_BY_SITE = {"ersha_island": 0.2, "fangcun": -0.1, "xiatang": 0.15}
LESS_LIKED = {
    "wait": -0.6,
    "toilets": -0.5,
    "breakfast": -0.3,
    "meals": -0.5,
    "parking": -0.5,
    "fees": -0.3,
    "decoction": -0.2,
    "delivery": -0.4,
    "seats": -0.3,
    "respect": 0.2,
    "skill": 0.25,
    "tcm": 0.2,
}
"""By a word in a question's or row's id: how much better or worse than the patient's mood."""

LIKELY: Mapping[str, float] = {
    "wish_contact": 0.3,
    "integrity": 0.01,
    "had_pain": 0.55,
    "had_surgery": 0.35,
    "tcm_done": 0.6,
    "abnormal": 0.4,
    "in_danger": 0.03,
    "harmed": 0.2,
    "severe": 0.1,
    "anonymous": 0.6,
    "raised_before": 0.3,
    "reported_before": 0.2,
    "patient_knows": 0.9,
    "want_reply": 0.5,
    "may_publish": 0.7,
}
"""How often a yes_no question without points is answered with yes."""

WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "length": {"full": 7, "short": 3},
    "seen": {"yes_seen": 96, "not_seen": 4},
    "role": {"patient": 7, "family": 3, "carer": 0.4},
    "visit_kind": {"first": 4, "again": 6},
    "booking_channel": {
        "wechat": 60,
        "app": 10,
        "phone_call": 4,
        "kiosk": 12,
        "window": 10,
        "added": 6,
        "other": 1,
    },
    "services_used": {
        "blood": 0.3,
        "imaging": 0.22,
        "medicine": 0.5,
        "herbs": 0.2,
        "decocted": 0.3,
        "delivery": 0.18,
        "needles": 0.15,
        "massage": 0.1,
        "outer": 0.06,
    },
    "arrival": {
        "self": 30,
        "accompanied": 45,
        "ambulance_120": 12,
        "transferred": 5,
        "from_clinic": 8,
    },
    "outcome": {"home": 55, "observed": 25, "admitted": 18, "moved": 2},
    "stage": {"at_home": 8, "in_ward": 2},
    "report_state": {"got_report": 8, "no_report": 2},
    "target": {"person": 7, "team": 3, "hospital": 1},
    "relation": {"patient": 6, "family": 4, "agent": 0.5, "visitor": 0.5},
    "topic": {"symptoms": 1.5, "other": 0.2},
    "longest_place": {
        "at_booking": 1,
        "at_clinic": 5,
        "at_tests": 2,
        "at_payment": 1,
        "at_pharmacy": 3,
    },
}
"""Weights of options; for multi_choice the chance of each option."""

COMMENTS = {
    "good": (
        "医生很耐心，把病情讲得明明白白，还教我怎么煲汤调理。",
        "针灸师傅手法好，做完当晚就睡得香了，感谢。",
        "导诊的姑娘看我推着轮椅，一路带我去做检查，很暖心。",
        "小程序挂号方便，到点就看上了，取药也快。",
        "护士长每天都来问我睡得好不好，住院像在家一样。",
        "中药代煎直接寄到家，包装干净，标签清楚。",
        "老中医把脉很仔细，没有乱开检查，信得过。",
        "整体不错，希望保持。",
        "推拿之后肩膀轻松多了，师傅还教了几个动作回家练。",
        "抽血的护士技术好，一点都不痛。",
        "多谢晒，下次仲会嚟。",
    ),
    "fair": (
        "医生很好，就是候诊时间长了点。",
        "停车位太少，绕了二十分钟才停好。",
        "药房窗口可以多开一个，中午排队的人多。",
        "洗手间有点旧，希望改造一下。",
        "希望小程序的字能大一些，老人看不清。",
        "叫号声音太小，坐在后排听不见。",
        "代煎的药稍微有点糊味，其他都好。",
        "检查要跑好几栋楼，标识可以再清楚些。",
        "总体可以，缴费能在诊室完成就更好了。",
        "病房夜里走廊有点吵。",
    ),
    "bad": (
        "预约十点，等到十一点半才看上，没有人解释。",
        "医生全程看电脑，不到三分钟就让我走了。",
        "药寄到家晚了两天，中间断了药，打电话也没人接。",
        "收费项目看不懂，问了两个窗口都说不归他们管。",
        "按铃十几分钟没人来，家属只好自己去护士站找。",
        "诊室门一直开着，旁边站着好几个人听我讲病情。",
        "退号退费来回跑了三趟。",
    ),
    "english": (
        "The doctor explained everything slowly and kindly. Thank you.",
        "Good acupuncture, but the signs need more English.",
        "The wait was longer than I had expected.",
        "Friendly nurses and a clean ward.",
    ),
}
TEXTS: Mapping[str, Sequence[str]] = {
    "what_happened": COMMENTS["bad"],
    "why_not": ("报告出得太慢。", "离家远，停车难。", "排队时间太长。"),
    "stay_comment": ("留观区床位太挤。", "转运时等电梯等了很久。"),
    "praised_hint": (
        "导诊台穿红马甲的志愿者，周二上午",
        "晚上值班的一位高个子男护士",
        "收费处三号窗口的女工作人员",
    ),
    "story": (
        "谢谢医生耐心为我调理了三个月，困扰多年的失眠好多了。",
        "老母亲住院期间，护士们每天帮她翻身、洗脚，比我们做儿女的还细心。",
        "那天孩子高烧抽搐，急诊的医生护士一秒钟都没耽误，我们全家永远记得。",
        "师傅推拿认真，还教我练八段锦，腰不痛了，人也精神了。",
        "我把手机落在诊室，工作人员追到门口还给我，非常感谢。",
        "手术前很害怕，麻醉医生握着我的手说别担心，真的很感动。",
    ),
    "display_name": ("一位患者家属", "一位老街坊", "感恩的患者"),
    "now": ("目前只能到窗口办理。", "现在标识太小，容易走错。", ""),
    "idea": (
        "建议代煎药取药处增加叫号屏，不用一直站着等。",
        "希望在门诊大厅增加共享轮椅和老花镜。",
        "建议复诊开药设立便民门诊，不必每次都挂专家号。",
        "希望检查报告出来后能用微信提醒。",
        "建议在针灸室门口公示每位医生的出诊时间。",
        "希望住院部食堂多些适合糖尿病人的菜式。",
    ),
    "device": ("安卓手机，字体调到最大", "门诊一楼大厅右侧的自助机"),
    "description": (
        "预约了上午十点，十二点仍未叫号，询问时工作人员态度生硬，没有解释原因。",
        "同一项检查在清单上出现了两次，窗口让我去找科室，科室又让我回窗口。",
        "代煎的中药与处方帖数不符，电话联系三天没有人处理。",
        "换药时没有拉帘，旁边有其他患者和家属，感到很不被尊重。",
    ),
    "harm_detail": ("服药后呕吐两天，已到急诊处理。", "滑倒后手腕扭伤，拍片未见骨折。"),
    "raised_where": ("向科室护士站反映过，没有答复。", "打过投诉电话，说会回复但没有回复。"),
    "question": (
        "请问外地医保在门诊可以直接结算吗？需要先备案吗？",
        "三伏天灸今年什么时候开始预约？小孩几岁可以做？",
        "代煎的中药放冰箱可以保存多久？",
        "复印住院病历，家属代办要带哪些证件？",
        "想看失眠，应该挂脑病科还是针灸科？",
        "体检报告提示甲状腺结节，需要挂哪个科复查？",
    ),
    "medicines": ("降压药一种，中药汤剂每日一剂", "四君子汤"),
    "about_person": ("某位工作人员，姓名不详",),
    "reported_where": ("12345 热线",),
    "postal_address": ("广州市示例路 1 号",),
    "contact_name": ("陈女士", "李先生", "何小姐", "黄阿姨", "梁先生", "周女士"),
    "patient_name": ("示例患者",),
    "contact_email": ("patient@example.com",),
    "hidden_email": ("sunny.day@example.com",),
}
WITHHELD = frozenset({"id_card", "hidden_email"})
"""Questions that no demo patient answers unless they must."""
CHANCE_OF_A_COMMENT = 0.3


@dataclass(frozen=True)
class Department:
    """A department of the dictionary."""

    id: str
    name: str
    parent: str | None
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Hospital:
    """The dictionaries that visits and pickers draw from."""

    departments: tuple[Department, ...]
    staff: Mapping[str, tuple[str, ...]]
    """Department id → ids of its staff."""

    def leaves(self, top: str, site: str) -> list[Department]:
        """The departments below `top` (or `top` itself) at a site that have none below them."""
        parents = {department.parent for department in self.departments}
        above = {department.id: department.parent for department in self.departments}

        def is_below(name: str | None) -> bool:
            return name is not None and (name == top or is_below(above[name]))

        return [
            department
            for department in self.departments
            if department.id not in parents and site in department.sites and is_below(department.id)
        ]


@dataclass(frozen=True)
class Visit:
    """Who fills in the form, about which visit, and how they feel (1 bad … 5 good)."""

    site: str
    department: Department | None
    day: date
    mood: float
    language: str = "zh-CN"


class PlausibleResponse(NamedTuple):
    """A response that the service may store as if a patient had given it."""

    survey_id: str
    visit_time: datetime
    answers: dict[str, Any]
    context: dict[str, Any]
    channel: str
    language: str
    site: str


def load_hospital() -> Hospital:
    """The demo hospital's dictionaries, from the files beside this module."""
    listed = json.loads((HOSPITAL / "departments.json").read_bytes())["departments"]
    departments = tuple(
        Department(d["id"], d["name"]["zh-CN"], d["parent"], tuple(d["sites"])) for d in listed
    )
    staff: dict[str, list[str]] = {}
    for person in json.loads((HOSPITAL / "staff.json").read_bytes())["staff"]:
        staff.setdefault(person["department"], []).append(person["id"])
    return Hospital(departments, {d: tuple(ids) for d, ids in staff.items()})


def random_answers(
    survey_document: Mapping[str, Any] | Document,
    rng: Random,
    visit: Visit | None = None,
    hospital: Hospital | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers of one plausible patient, only to questions that are asked, and their context.

    Args:
        survey_document: a valid survey, as decoded JSON or parsed.
        rng: where all chance comes from.
        visit: the visit the answers are about; without it one is drawn.
        hospital: the dictionaries for pickers; without it the demo hospital's.
    """
    survey = _compiled(survey_document)
    dictionaries = hospital or load_hospital()
    about = visit or _drawn_visit(survey.document, rng, dictionaries, date(2026, 1, 31), 0.0)
    return _answered(survey, rng, about, dictionaries)


def plausible_responses(
    documents: Iterable[Mapping[str, Any] | Document], n: int, rng: Random, today: date
) -> Iterator[PlausibleResponse]:
    """`n` responses over the ninety days before `today`, oldest first.

    Surveys, sites and channels come in fixed shares; a survey without a share gets a small one.
    Answers hold only questions that are asked; a required question may stay open only where
    nothing but an upload answers it.
    """
    hospital = load_hospital()
    surveys = [_compiled(document) for document in documents]
    shares = [SHARE_OF_SURVEYS.get(survey.id, 1) for survey in surveys]
    for moment in sorted(_visit_time(rng, today) for _ in range(n)):
        survey = rng.choices(surveys, shares)[0]
        improvement = 0.25 if moment.date() > today - timedelta(days=30) else 0.0
        visit = _drawn_visit(survey.document, rng, hospital, moment.date(), improvement)
        answers, context = _answered(survey, rng, visit, hospital)
        channel = _weighted(SHARE_OF_CHANNELS, rng)
        yield PlausibleResponse(
            survey.id, moment, answers, context, channel, visit.language, visit.site
        )


def _compiled(document: Mapping[str, Any] | Document) -> engine.Survey:
    if isinstance(document, Document):
        return engine.compile_survey(document)
    return engine.load(json.dumps(document, ensure_ascii=False).encode())


def _weighted(shares: Mapping[str, float], rng: Random) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]


def _visit_time(rng: Random, today: date) -> datetime:
    """A moment within working hours, fewer at weekends, never today."""
    while True:
        day = today - timedelta(days=rng.randint(1, DAYS))
        if day.weekday() < 5 or rng.random() < 0.4:
            break
    minute = min(max(int(rng.gauss(11 * 60, 150)), 7 * 60 + 30), 21 * 60)
    return datetime.combine(day, time(minute // 60, minute % 60), GUANGZHOU)


def _drawn_visit(
    document: Document, rng: Random, hospital: Hospital, day: date, improvement: float
) -> Visit:
    kinds = document.audience.visit_types
    kind = kinds[0] if kinds else ""
    top = {"emergency": "emergency", "inpatient": "wards", "examination": "health_examination"}
    below = top.get(kind, "clinical")
    sites = {s: w for s, w in SHARE_OF_SITES.items() if hospital.leaves(below, s)}
    site = _weighted(sites, rng)
    department = rng.choice(hospital.leaves(below, site)) if kind else None
    mood = rng.gauss(USUAL_MOOD, 0.95) + improvement + MOOD_BY_SITE.get(site, 0)
    if department is not None:
        mood += MOOD_BY_DEPARTMENT.get(department.id, 0)
    return Visit(site, department, day, mood, _weighted(SHARE_OF_LANGUAGES, rng))


def _answered(
    survey: engine.Survey, rng: Random, visit: Visit, hospital: Hospital
) -> tuple[dict[str, Any], dict[str, Any]]:
    context = _context(survey.document, visit, rng)
    patient = _Patient(rng, visit, hospital)
    for page in survey.document.pages:
        for question in page.questions:
            patient.think(question)
    evaluation = survey.evaluate(patient.answers, context, visit.day)
    return dict(evaluation.answers), context


def _context(document: Document, visit: Visit, rng: Random) -> dict[str, Any]:
    """The visit, as the appointment system would give it; one patient in ten comes without."""
    context: dict[str, Any] = {"visit.site": visit.site}
    if visit.department is not None and rng.random() < 0.9:
        context["visit.type"] = document.audience.visit_types[0]
        context["visit.department"] = visit.department.name
        context["visit.date"] = visit.day.isoformat()
    return {name: value for name, value in context.items() if name in document.context}


class _Patient:
    """Answers every question in turn, whether it will be asked or not."""

    def __init__(self, rng: Random, visit: Visit, hospital: Hospital) -> None:
        self.answers: dict[str, Any] = {}
        self._rng = rng
        self._visit = visit
        self._hospital = hospital

    def think(self, question: Question) -> None:
        """Keep an answer, or none where a patient might well leave it out."""
        skipped = question.id in WITHHELD or self._rng.random() < 0.12
        if skipped and question.required is False:
            return
        value = self._value(question)
        if value is not None:
            self.answers[question.id] = value

    def _value(self, question: Question) -> Any:
        match question:
            case Rating():
                return self._rated(question.id, question.min, question.max)
            case Nps():
                return self._rated(question.id, 0, 10)
            case Matrix():
                return {row.id: self._row(question, row.id) for row in question.rows}
            case SingleChoice() | MultiChoice() | Ranking() | YesNo() | Cascade() | Consent():
                return self._picked(question)
            case DepartmentQuestion():
                return self._department(question)
            case StaffQuestion():
                return self._person(question)
            case _:
                return self._entered(question)

    def _picked(
        self, question: SingleChoice | MultiChoice | Ranking | YesNo | Cascade | Consent
    ) -> Any:
        match question:
            case SingleChoice():
                return self._chosen(question)
            case MultiChoice():
                return self._several(question)
            case Ranking():
                ids = [option.id for option in question.options]
                return self._rng.sample(ids, question.most or len(ids))
            case YesNo():
                return self._agreed(question)
            case Cascade():
                return self._node(question.nodes)
            case Consent():
                return {"agreed": True, "version": question.version}

    def _entered(self, question: Question) -> Any:
        """What is typed; nothing for uploads, signatures and statements."""
        match question:
            case TextQuestion():
                return self._written(question)
            case NumberQuestion():
                return self._counted(question)
            case DateQuestion():
                return self._visit.day.isoformat()
            case TimeQuestion():
                return f"{self._rng.randint(8, 17):02d}:{self._rng.choice((0, 15, 30, 45)):02d}"
            case _:
                return None

    def _rated(self, name: str, low: int, high: int) -> int:
        liking = sum(shift for word, shift in LESS_LIKED.items() if word in name)
        felt = self._visit.mood + liking + self._rng.gauss(0, 0.45)
        return min(max(round(low + (felt - 1) / 4 * (high - low)), low), high)

    def _row(self, question: Matrix, row: str) -> Any:
        if question.not_applicable and self._rng.random() < 0.08:
            return dict(NOT_APPLICABLE)
        if question.scale is not None:
            return self._rated(row, question.scale.min, question.scale.max)
        return self._rng.choice(question.options).id

    def _chosen(self, question: SingleChoice) -> str:
        if question.id == "site" and any(o.id == self._visit.site for o in question.options):
            return self._visit.site
        known = WEIGHTS.get(question.id, {})
        weights = [known.get(o.id, 1) * self._pull(o) for o in question.options]
        return self._rng.choices(question.options, weights)[0].id

    def _pull(self, option: Option) -> float:
        """How much a scored option draws a patient of this mood; unscored ones a little."""
        if option.points is None:
            return 1.0
        felt = (self._visit.mood - 1) / 4 * 100
        return max(0.02, 1 - abs(option.points - felt) / 60)

    def _several(self, question: MultiChoice) -> list[str]:
        known = WEIGHTS.get(question.id)
        plain = [o.id for o in question.options if not o.exclusive and o.text_entry is None]
        if known is not None:
            picked = [name for name in plain if self._rng.random() < known.get(name, 0.1)]
        else:
            picked = self._rng.sample(plain, min(self._rng.choice((1, 1, 2, 3)), len(plain)))
        if question.max_selected is not None:
            picked = picked[: question.max_selected]
        exclusive = [o.id for o in question.options if o.exclusive]
        return picked or exclusive[:1] or plain[:1]

    def _agreed(self, question: YesNo) -> bool:
        if "yes" in question.points_of:
            likely = min(max((self._visit.mood - 1) / 4, 0.05), 0.97)
            return self._rng.random() < likely
        return self._rng.random() < LIKELY.get(question.id, 0.5)

    def _written(self, question: TextQuestion) -> str | None:
        if question.format == "phone_cn":
            return f"1380013{self._rng.randint(0, 9999):04d}"
        if question.format == "email":
            return self._rng.choice(TEXTS["contact_email"])
        if question.required is False and self._rng.random() > CHANCE_OF_A_COMMENT:
            return None
        if question.id == "comment":
            return self._rng.choice(self._comments())
        return self._rng.choice(TEXTS.get(question.id, COMMENTS["fair"]))

    def _comments(self) -> Sequence[str]:
        if self._visit.language == "en":
            return COMMENTS["english"]
        if self._visit.mood >= 4:
            return COMMENTS["good"] if self._rng.random() < 0.7 else COMMENTS["fair"]
        return COMMENTS["fair"] if self._visit.mood >= 2.8 else COMMENTS["bad"]

    def _counted(self, question: NumberQuestion) -> int | float:
        low = question.min or 0
        high = question.max if question.max is not None else 100_000
        step = question.step or 10
        usual = 20 + 25 * max(0.0, 4.5 - self._visit.mood)
        drawn = self._rng.lognormvariate(0, 0.5) * (usual if high <= 240 else 600)
        return min(low + round((drawn - low) / step) * step, high)

    def _department(self, question: DepartmentQuestion) -> str:
        visited = self._visit.department
        if visited is not None:
            return visited.id
        top = (question.within.subtree if question.within else None) or "clinical"
        return self._rng.choice(self._hospital.leaves(top, self._visit.site)).id

    def _person(self, question: StaffQuestion) -> str | None:
        department = self.answers.get(question.of or "")
        people = self._hospital.staff.get(str(department), ())
        return self._rng.choice(people) if people else None

    def _node(self, nodes: Sequence[Node]) -> str:
        node = self._rng.choice(nodes)
        return self._node(node.nodes) if node.nodes else node.id
