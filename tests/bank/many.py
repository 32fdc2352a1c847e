"""A bank as large as a hospital group's after ten years: plausible questions, all different."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from runtime.audit.models import SYSTEM
from runtime.bank.service import Outcome, Wanted, import_file
from runtime.kit.db import Database

WHO = "护士 医生 药师 导诊员 收费员 护工 保安 志愿者 营养师 康复师 麻醉师 技师".split()
WHERE = (
    "门诊大厅 急诊抢救室 住院部 体检中心 检验科 放射科 超声科 药房 手术室 产科 儿科 骨科 眼科 "
    "口腔科 皮肤科 中医科 康复科 肿瘤科 心内科 呼吸科 消化科 神经内科 泌尿外科 重症医学科"
).split()
WHAT = (
    "服务态度 解释说明 等候时间 技术水平 环境卫生 隐私保护 指引标识 费用清单 用药指导 出院随访 "
    "疼痛处理 饮食安排 探视安排 预约挂号 报告领取 停车便利 无障碍设施 夜间照护 健康宣教 投诉处理"
).split()
HOW = "是否满意 评价如何 觉得怎么样 有什么建议 打几分 是否及时 是否清楚 还可以怎样改进".split()


def questions(count: int) -> Iterator[dict[str, Any]]:
    """`count` questions, the text and id of each its own."""
    combinations = itertools.product(range(1, 100), HOW, WHERE, WHO, WHAT)
    for number, (n, how, where, who, what) in enumerate(itertools.islice(combinations, count)):
        text = f"您对{where}{who}的{what}{how}？"
        if n > 1:
            text = f"第{n}次就诊时，{text}"
        yield {
            "id": f"q{number:06}",
            "type": "rating",
            "text": {"zh-CN": text, "en": f"Question {number}?"},
            "required": True,
        }


def jsonl(count: int) -> bytes:
    """The same as a file for the import, two scenes with five categories each."""
    return b"".join(
        json.dumps(
            {
                "scene": "门诊" if number % 2 else "住院",
                "category": f"类别{number % 5}",
                "tags": [f"标签{number % 7}"],
                "question": question,
            },
            ensure_ascii=False,
        ).encode()
        + b"\n"
        for number, question in enumerate(questions(count))
    )


def fill(db: Database, count: int) -> Outcome:
    """Put that many questions into the bank."""
    outcome = import_file(db, SYSTEM, jsonl(count), Wanted())
    assert outcome.counts.new == count
    return outcome
