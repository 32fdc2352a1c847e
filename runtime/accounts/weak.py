"""Passwords that are guessed first: a list of whole ones, and words with digits behind them.

The list `weak_passwords.txt` is made by `compile_list` from habits of Chinese and Latin keyboards:
walks over the keys, years and dates, surnames and everyday words in pinyin, hospital words.
"""

import re
from functools import cache
from importlib.resources import files
from itertools import product

WALKS = (
    "qwertyuiop asdfghjkl zxcvbnm 1234567890 0987654321 qazwsxedcrfv 1qaz2wsx3edc4rfv "
    "zaq12wsx qweasdzxc poiuytrewq lkjhgfdsa mnbvcxz 147258369 159357 789456123 741852963 "
    "1q2w3e4r5t6y q1w2e3r4t5y6 abcdefghijkl a1b2c3d4e5f6 aa11bb22cc33"
).split()
LATIN = (
    "password passwd passw0rd welcome admin administrator root system manager master login test "
    "tester guest user default public secret letmein changeme access server service support "
    "office windows oracle postgres mysql huawei lenovo dragon monkey sunshine princess football "
    "baseball superman batman iloveyou trustno1 shadow freedom whatever hello computer internet "
    "summer winter spring autumn january february march april june july august september october "
    "november december monday friday sunday china beijing shanghai guangzhou shenzhen"
).split()
HOSPITAL = (
    "hospital yiyuan yisheng hushi doctor nurse patient huanzhe bingren menzhen zhuyuan jizhen "
    "tijian yaofang yaoju shoushu huli hulibu yiwu yiwuchu keshi neike waike erke fuke chanke "
    "guke yanke zhongyi zhongyiyuan renmin renminyiyuan fuyou fuwu fuwuzhongxin manyidu huisheng "
    "gzzyy gzzyyy gzyy gzzyydx gdszyy gdhtcm zyy zyyy rmyy fyyy his lis pacs emr xinxike "
    "xinxizhongxin yuanzhang zhuren kefu tousu jianyi biaoyang"
).split()
PINYIN = (
    "woaini woaizhongguo nihao zhongguo guangdong tianhe yuexiu mima mimamima guanliyuan yonghu "
    "ceshi gongsi xuexi gongzuo kuaile xingfu pingan jiankang facai fafafa dashen laopo laogong "
    "baobao baobei mama baba didi meimei gege jiejie zhang wang zhao qian sun zhou zheng chen chu "
    "jiang shen yang zhu xu zhangwei wangwei wangfang liwei lina zhangmin lijing wangjing liuwei "
    "wangxiuying zhangli lixiuying wangli zhangjing liqiang wangmin wanglei liuyang wangyan "
    "xiaoming xiaohong xiaoli xiaowang xiaozhang"
).split()
YEARS = tuple(str(year) for year in range(1960, 2031))
TAILS = ("1", "12", "123", "1234", "12345", "123456", "888", "666", "520", "1314", "111", "000")
SIGNS = ("", "@", "!", "#", ".", "_")

MIN_LENGTH = 6
PREDICTABLE_DIGITS = 8
_LEET = str.maketrans({"@": "a", "0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "$": "s"})
_CORE = re.compile(r"^[^a-z]*([a-z@$0134]*?[a-z])[^a-z]*$")


def compile_list() -> list[str]:
    """Every password of the list, in lower case, sorted."""
    words = (*LATIN, *HOSPITAL, *PINYIN)
    made = set(WALKS) | {word for word in words if len(word) >= MIN_LENGTH}
    made |= {walk[:n] for walk in WALKS for n in range(MIN_LENGTH, len(walk) + 1)}
    made |= {sign * n for sign in "0123456789abcdefghijklmnopqrstuvwxyz" for n in range(6, 13)}
    made |= {f"{a}{b}" for a, b in product(YEARS, ("0101", "1001", "0501", "1234", "8888"))}
    made |= {f"{word}{sign}{tail}" for word in words for sign in SIGNS[:3] for tail in TAILS}
    made |= {
        f"{word}{sign}{year}" for word in HOSPITAL for sign in SIGNS[:2] for year in YEARS[58:]
    }
    made |= {
        f"{head}{digits}" for head in ("a", "aa", "aaa", "abc", "qq", "wo") for digits in WALKS
    }
    return sorted(password for password in made if len(password) >= MIN_LENGTH)


@cache
def listed() -> frozenset[str]:
    """The passwords of the file."""
    text = (files("runtime.accounts") / "weak_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


@cache
def _words() -> frozenset[str]:
    walks = {walk[:n] for walk in WALKS for n in range(4, len(walk) + 1)}
    return frozenset((*LATIN, *HOSPITAL, *PINYIN, "abc", "aa", "qq")) | walks


def is_weak(password: str) -> bool:
    """Whether it is on the list, or a word of the list dressed up with digits and signs."""
    low = password.lower()
    bare = re.sub(r"[\W_]", "", low)
    folded = low.translate(_LEET)
    if not {low, bare, folded}.isdisjoint(listed()):
        return True
    if len(set(low)) <= 3:  # aaaa1111, whatever its length
        return True
    return _is_dressed_word(low) or _is_dressed_word(bare)


def _is_dressed_word(low: str) -> bool:
    """A known word, its letters perhaps swapped for signs, with at most eight digits around it."""
    found = _CORE.match(low)
    if found is None:
        return False
    core = found[1]
    rest = low.replace(core, "", 1)
    is_short = sum(char.isdigit() for char in rest) <= PREDICTABLE_DIGITS
    return is_short and not {core, core.translate(_LEET)}.isdisjoint(_words())
