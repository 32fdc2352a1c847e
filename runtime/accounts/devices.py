"""What a browser says of itself, in words that its owner knows: `Chrome · Windows`."""

import re

_BROWSERS = (
    ("wxwork", "企业微信 WeCom"),
    ("micromessenger", "微信 WeChat"),
    ("dingtalk", "钉钉 DingTalk"),
    ("edg/|edga/|edgios/", "Edge"),
    ("opr/|opera", "Opera"),
    ("qqbrowser", "QQ 浏览器 QQBrowser"),
    ("ucbrowser", "UC 浏览器 UCBrowser"),
    ("huaweibrowser", "华为浏览器 Huawei"),
    ("firefox/|fxios/", "Firefox"),
    ("chrome/|crios/", "Chrome"),
    ("safari/", "Safari"),
)
_SYSTEMS = (
    ("openharmony|harmonyos", "HarmonyOS"),
    ("ipad", "iPad"),
    ("iphone", "iPhone"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("mac os x|macintosh", "Mac"),
    ("cros ", "ChromeOS"),
    ("linux", "Linux"),
)


def device_of(agent: str) -> str | None:
    """Browser and system of a `User-Agent`; None where neither is known.

    The header is the browser's own claim: good to recognise one's own devices, proof of nothing.
    """
    parts = [found for kinds in (_BROWSERS, _SYSTEMS) if (found := _first(kinds, agent.lower()))]
    return " · ".join(parts) or None


def _first(kinds: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for pattern, name in kinds if re.search(pattern, agent)), None)
