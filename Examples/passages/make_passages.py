"""Makes wikipedia.jsonl: paragraphs of articles by section, as plain text.

    pip download --no-deps gensim==4.4.0 && unzip gensim-*.whl 'gensim/test/test_data/enwiki*pages*'
    python3 make_passages.py gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2
"""
import bz2
import html
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

ARTICLES, PARAGRAPHS = 48, 16


def without_nested(text, opening, closing):
    kept, depth, place = [], 0, 0
    while place < len(text):
        if text.startswith(opening, place):
            depth, place = depth + 1, place + len(opening)
        elif depth and text.startswith(closing, place):
            depth, place = depth - 1, place + len(closing)
        else:
            if not depth:
                kept.append(text[place])
            place += 1
    return "".join(kept)


def plain(text):
    text = re.sub(r"<!--.*?-->", "", html.unescape(text), flags=re.S)
    text = re.sub(r"<ref[^>/]*/>", "", text)
    text = re.sub(r"<ref.*?</ref>", "", text, flags=re.S)
    text = re.sub(r"<(math|gallery|timeline|table|div|blockquote|score|nowiki|sub|sup)\b.*?</\1>", "", text, flags=re.S | re.I)
    text = without_nested(without_nested(text, "{{", "}}"), "{|", "|}")
    for _ in range(2):
        text = re.sub(r"\[\[(?:File|Image|Category):(?:[^\[\]]|\[\[[^\[\]]*\]\])*\]\]", "", text, flags=re.I)
        text = re.sub(r"\[\[[^\[\]|]*\|([^\[\]]*)\]\]", r"\1", text)
        text = re.sub(r"\[\[([^\[\]]*)\]\]", r"\1", text)
    text = re.sub(r"\[https?://\S+\s*([^\]]*)\]", r"\1", text)
    return re.sub(r"<[^>]+>", "", re.sub(r"'{2,}", "", text)).replace("\u00a0", " ")


def paragraphs(text):
    section, found = "Introduction", []
    for line in plain(text).split("\n"):
        line = re.sub(r"\s+", " ", line).strip()
        heading = re.match(r"^(=+)\s*(.*?)\s*=+$", line)
        if heading:
            if len(heading.group(1)) <= 2:
                section = heading.group(2)
        elif 250 <= len(line) <= 800 and line[0] not in "*#:;|!{}[]" and len(re.findall(r"[.!?] [A-Z]", line)) >= 2:
            # What templates leave behind.
            if not re.search(r"\(\s*[;,)]|  | ,|\[\[|\{\{|\}\}|=", line):
                found.append((section, line))
    return found


articles = []
for page in re.findall(rb"<page>.*?</page>", bz2.open(sys.argv[1]).read(), re.S):
    page = ElementTree.fromstring(page)
    title, text = page.findtext("title"), page.findtext(".//text") or ""
    if text.lower().startswith("#redirect") or ":" in title:
        continue
    found = paragraphs(text)
    sections = {section for section, _ in found}
    if len(found) >= PARAGRAPHS and len(sections) >= 3:
        # Spread over the article.
        articles.append((title, [found[i * len(found) // PARAGRAPHS] for i in range(PARAGRAPHS)]))
with open("wikipedia.jsonl", "w") as out:
    for title, found in articles[:ARTICLES]:
        for number, (section, text) in enumerate(found):
            passage = {"id": f"{title}/{number + 1}", "path": [title, section], "text": text}
            out.write(json.dumps(passage, ensure_ascii=False) + "\n")
