"""The sanitiser: attacks are made harmless, and text from editors stays unchanged byte for byte."""

import re
from html import escape

import pytest
from selectolax.lexbor import LexborHTMLParser

from clinic.core.html import ALLOWED_ATTRIBUTES, ALLOWED_CLASSES, ALLOWED_TAGS, left_out, plain_text, sanitise

# Typed from the OWASP XSS Filter Evasion Cheat Sheet
# (https://cheatsheetseries.owasp.org/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.html).
OWASP = [
    "<SCRIPT SRC=https://xss.example/xss.js></SCRIPT>",
    "<IMG SRC=javascript:alert('XSS')>",
    "<IMG SRC=JaVaScRiPt:alert('XSS')>",
    '<IMG SRC=`javascript:alert("RSnake says, \'XSS\'")`>',
    r"\<a onmouseover=\"alert(document.cookie)\"\>xxs link\</a\>",
    "<a onmouseover=alert(document.cookie)>xxs link</a>",
    '<IMG """><SCRIPT>alert("XSS")</SCRIPT>"\\>',
    "<IMG SRC=# onmouseover=\"alert('xxs')\">",
    "<IMG SRC=/ onerror=\"alert(String.fromCharCode(88,83,83))\"></img>",
    "<a href=\"&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert('XSS')\">x</a>",
    '<a href="&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#0000058'
    'alert(1)">x</a>',
    "<a href=\"&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3Aalert('XSS')\">x</a>",
    "<a href=\"jav\tascript:alert('XSS');\">x</a>",
    "<a href=\"jav&#x09;ascript:alert('XSS');\">x</a>",
    "<a href=\"jav&#x0A;ascript:alert('XSS');\">x</a>",
    "<a href=\"jav&#x0D;ascript:alert('XSS');\">x</a>",
    "<a href=\" &#14;  javascript:alert('XSS');\">x</a>",
    '<SCRIPT/XSS SRC="https://xss.example/xss.js"></SCRIPT>',
    '<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert("XSS")>',
    '<<SCRIPT>alert("XSS");//\\<</SCRIPT>',
    "<SCRIPT SRC=https://xss.example/xss.js?< B >",
    "<IMG SRC=\"`<javascript:alert>`('XSS')\"",
    "</script><script>alert('XSS');</script>",
    '</TITLE><SCRIPT>alert("XSS");</SCRIPT>',
    '<INPUT TYPE="IMAGE" SRC="javascript:alert(\'XSS\');">',
    "<BODY BACKGROUND=\"javascript:alert('XSS')\">",
    "<svg/onload=alert('XSS')>",
    "<LINK REL=\"stylesheet\" HREF=\"javascript:alert('XSS');\">",
    "<STYLE>@import'https://xss.example/xss.css';</STYLE>",
    '<META HTTP-EQUIV="refresh" CONTENT="0;url=javascript:alert(\'XSS\');">',
    "<IFRAME SRC=\"javascript:alert('XSS');\"></IFRAME>",
    '<IFRAME SRC=# onmouseover="alert(document.cookie)"></IFRAME>',
    "<FRAMESET><FRAME SRC=\"javascript:alert('XSS');\"></FRAMESET>",
    "<TABLE><TD BACKGROUND=\"javascript:alert('XSS')\">",
    "<DIV STYLE=\"background-image: url(javascript:alert('XSS'))\">",
    "<p style=\"width: expression(alert('XSS'));\">x</p>",
    "<!--[if gte IE 4]><SCRIPT>alert('XSS');</SCRIPT><![endif]-->",
    "<BASE HREF=\"javascript:alert('XSS');//\">",
    '<OBJECT TYPE="text/x-scriptlet" DATA="https://xss.example/scriptlet.html"></OBJECT>',
    '<EMBED SRC="data:image/svg+xml;base64,PHN2Zz4=" type="image/svg+xml" AllowScriptAccess="always"></EMBED>',
    '<? echo(\'<SCR)\'; echo(\'IPT>alert("XSS")</SCRIPT>\'); ?>',
    '<a href="javascript&colon;alert&lpar;1&rpar;">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    "<p\x00 onclick=alert(1)>x</p>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
]  # fmt: skip
# Typed after the vectors of DOMPurify's test fixtures (https://github.com/cure53/DOMPurify/tree/main/test/fixtures)
# and the mutation vectors of https://research.securitum.com/mutation-xss-via-mathml-mutation-dompurify-2-0-17-bypass/.
DOMPURIFY = [
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id=</style><img onerror=alert(1) src>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<svg><style><!--</style><img src onerror=alert(1)>--></style></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text x=20 y=20>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    '<svg><use href="data:image/svg+xml;base64,PHN2Zz4="></use></svg>',
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
    '<math href="javascript:alert(1)">x</math>',
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "<template><s><template><s><img src=x onerror=alert(1)>@shafigullin</s></template></s></template>",
    "<select><noembed></select><script>x='</noembed><img src=x onerror=alert(1)>'</script>",
    "<textarea>@shafigullin</textarea><!--</textarea><img src=x onerror=alert(1)>-->",
    "<title></title><b><!-- </title><img src=x onerror=alert(1)>",
    "<xmp><p title=\"</xmp><svg/onload=alert(1)>\"></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>",
    "<form action=javascript:alert(1)><input name=attributes></form>",
    '<a href="javascript:alert(1)" id=location name=cookie>clobber</a>',
    '<p id="document" name="cookie">x</p>',
    "<isindex type=image src=1 onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src onloadstart=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "<a href='java\u0000script:alert(1)'>x</a>",
    "<a href='\u0001javascript:alert(1)'>x</a>",
    "<a href='\u3000javascript:alert(1)'>x</a>",
    "<a href='javascript\u200b:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    '<blockquote cite="javascript:alert(1)">x</blockquote>',
    '<td background="x" onclick=alert(1)>x</td>',
    '<h2 id="x" onclick="alert(1)">x</h2>',
    '<figure data-image="1" data-x="2" onfocus=alert(1)>x</figure>',
    '<aside class="pull-call evil" style="position:fixed">x</aside>',
    '<p class="button">x</p>',
    "<p is='x-y' slot=a part=b tabindex=0 autofocus onfocus=alert(1)>x</p>",
    "<style>*{x:expression(alert(1))}</style><p>x</p>",
    "<xss style=behavior:url(#default#time2) onclick=alert(1)>x</xss>",
]  # fmt: skip
LEGITIMATE = [
    "<p>Hips carry us.</p>",
    "<h2>How</h2><p>Step by step.</p><h3>Slowly</h3><h4>Very slowly</h4>",
    '<h2 id="how">How</h2>',
    "<p><strong>Strong</strong>, <em>soft</em>, <b>b</b>, <i>i</i>, H<sub>2</sub>O, m<sup>2</sup>.<br>Next line.</p>",
    '<p><a href="https://doi.org/10.1016/j.jml.2019.104047" title="Brysbaert">source</a></p>',
    '<p><a href="mailto:hello@example.org">mail</a> <a href="tel:+6561234567">call</a> <a href="/book/">book</a></p>',
    '<p><a href="#how">above</a> <a href="?page=2">next</a> <a href="http://example.org/?a=1&amp;b=2">x</a></p>',
    '<figure data-image="12"><figcaption>A woman stands on one leg</figcaption></figure>',
    '<aside class="pull-call"><p>Book a trial.</p></aside>',
    '<aside class="callout"><p>See a doctor first.</p></aside>',
    '<section class="sources"><h2>Sources</h2><ol start="3"><li>One</li><li>Two</li></ol></section>',
    "<ul><li>One<ul><li>Nested</li></ul></li><li>Two</li></ul>",
    '<table><caption>Weeks</caption><thead><tr><th scope="col">Week</th></tr></thead>'
    '<tbody><tr><td colspan="2" rowspan="1">1</td></tr></tbody></table>',
    "<blockquote><p>Move.</p><p><cite>A physiotherapist</cite></p></blockquote>",
    '<p><abbr title="World Health Organization">WHO</abbr></p>',
    '<p dir="rtl" lang="ar">مرحبا <s>لا</s></p><p>A <bdi lang="de">Wort</bdi>.</p>',
    "<dl><dt>Core</dt><dd>The muscles around your spine</dd></dl>",
    "<p>5 &lt; 6 &amp; 7 &gt; 6</p><hr><p>“Quotes” – dashes … 陈伟玲 👩\u200d⚕️ é</p>",
    "<p>&lt;script&gt; is a word here</p>",
    "<p>a&nbsp;b</p>",
]  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel", None}


def scheme(link: str) -> str | None:
    """Return the scheme of a link as a browser parses it, by the steps of https://url.spec.whatwg.org/#url-parsing."""
    link = re.sub(r"[\t\n\r]", "", link.lstrip("".join(map(chr, range(33)))))
    match = re.match(r"([a-z][a-z0-9+.-]*):", link, re.IGNORECASE)
    return match[1].lower() if match else None


@pytest.mark.parametrize("attack", OWASP + DOMPURIFY)
def test_an_attack_leaves_only_markup_an_article_may_carry(attack: str) -> None:
    clean = sanitise(attack)
    # Parse it twice: as a page that shows it, and as a page that shows the result of a first parser.
    for html in (clean, LexborHTMLParser(f"<main>{clean}</main>").css_first("main").inner_html or ""):
        for node in LexborHTMLParser(f"<main>{html}</main>").css("main *"):
            assert node.tag in ALLOWED_TAGS
            for name, value in node.attributes.items():
                assert name in ALLOWED_ATTRIBUTES.get(node.tag, set()) or name == "class"
                if name == "class":
                    assert set((value or "").split()) <= ALLOWED_CLASSES.get(node.tag, set())
                if name == "href":
                    assert scheme(value or "") in SCHEMES, value
    assert "\x00" not in clean
    assert sanitise(clean) == clean


@pytest.mark.parametrize("html", LEGITIMATE)
def test_what_an_editor_writes_stays_byte_for_byte(html: str) -> None:
    assert sanitise(html) == html
    assert sanitise(sanitise(html)) == html


def test_the_words_of_forbidden_markup_stay_but_scripts_go_with_their_words() -> None:
    assert sanitise("<div><span>Keep me</span></div><script>not me</script><style>nor me</style>") == "Keep me"
    assert sanitise('<p onclick="x()">Text <img src=x onerror=y()> goes on</p>') == "<p>Text  goes on</p>"
    assert sanitise('<a href="javascript:alert(1)">a link</a>') == "<a>a link</a>"


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<div>One</div><div>Two</div>", "<p>One</p><p>Two</p>"),
        ("<h1>Title</h1><h6>Small</h6>", "<h2>Title</h2><h4>Small</h4>"),
        ("<h1>A</h1><h2>B</h2><h1>C</h1>", "<h2>A</h2><h3>B</h3><h2>C</h2>"),
        ("<p><strike>No</strike> <del>no</del></p>", "<p><s>No</s> <s>no</s></p>"),
        ('<p>a<del cite="mailto:x" datetime="2026-01-01">b</del>c</p>', "<p>ac</p>"),
        ('<p>a<span hidden>b</span><span style="display: none">c</span>d</p>', "<p>ad</p>"),
        ('<p dir="RTL" lang="AR_sa">سلام</p>', '<p dir="rtl" lang="ar-SA">سلام</p>'),
        ('<p dir="sideways" lang="not a language">x</p>', "<p>x</p>"),
        ("<tr><td>A</td><td>B</td></tr>", "<table><tbody><tr><td>A</td><td>B</td></tr></tbody></table>"),
        ("<ul><li>A</li><ul><li>B</li></ul></ul>", "<ul><li>A<ul><li>B</li></ul></li></ul>"),
    ],
)
def test_structure_is_read_before_attributes_are_dropped(html: str, clean: str) -> None:
    assert sanitise(html) == clean
    assert sanitise(clean) == clean


def test_the_recipient_of_a_scanned_mail_is_in_no_link_and_in_no_word() -> None:
    address = "https://apc01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2F&data=05%7Cdesk%40clinic.example"
    html = escape(address)
    assert (
        sanitise(f'<p><a href="{html}">{html}</a></p>')
        == '<p><a href="https://example.org/">https://example.org/</a></p>'
    )
    assert sanitise(f'<figure data-image="1" data-source="{html}"></figure>') == (
        '<figure data-image="1" data-source="https://example.org/"></figure>'
    )


def test_what_is_not_taken_is_said() -> None:
    html = '<p>x<img src="bed.png"><iframe src="https://a.example/"></iframe></p><p hidden>y</p>'
    assert left_out(html).sentence == (
        "Left out: 1 hidden passage, 1 embedded frame or player and 1 picture (“bed.png”)."
        " Add pictures with the Picture tool."
    )
    assert left_out("<p>x</p>").sentence == ""


def test_what_is_not_closed_is_closed() -> None:
    assert sanitise("<p>one<p><strong>two") == "<p>one</p><p><strong>two</strong></p>"


def test_a_very_deep_text_is_cleaned_all_the_same() -> None:
    deep = sanitise("<blockquote>" * 3000 + "x<script>alert(1)</script>")
    assert "script" not in deep
    assert "x" in deep


def test_plain_text_is_the_words_with_single_spaces() -> None:
    assert plain_text("<h2>How</h2><p>Step   by\n<em>step</em></p>") == "How Step by step"
    assert plain_text("<p>5 &lt; 6 &amp; 7</p>") == "5 < 6 & 7"
    assert plain_text("") == ""
