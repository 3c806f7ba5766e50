"""Templates that are no prose: citations, notes to editors, navigation, pronunciations, pictures and layout."""

import re

from pipelines.extract.wiki.names import names

NO_PROSE = frozenset(
    names("""
    1911|about|according to whom|afd|age|age in years|also|annotated image|arxiv|attached kml|attribution needed
    |audio|authority control|bar box|better source|bibleref|bots|britannica|broader|by whom|c-span|ca icon
    |certification table top|chart|chart bottom|chart top|chart/end|chart/start|chembox|citation|citation needed
    |cite|citeweb|clade|cladex|clarify|cleanup|closed access|cn|col-1-of-2|col-1-of-3|col-2|col-2-of-2|col-2-of-3
    |col-3|col-3-of-3|col-4|col-5|col-begin|col-break|col-end|col-float|colbegin|colend|commons|commons category
    |commons category-inline|commons-inline|commonscat|compact toc|confused|contains special characters
    |contradict-inline|coord|coord missing|copy edit|country flag|css image crop|currentyear|dab|de icon|dead link
    |decrease|defaultsort|details|details3|disambig|disambiguation|discuss|displaytitle|disputed|disputed inline
    |distinguish|distinguish2|div col|div col end|dmoz|doi|double image|dubious|eb1911|efn|efn-la|efn-ua|emedicine2
    |en icon|end|endflatlist|endplainlist|engvarb|es icon|expand language|expand section|external links
    |external media|fact|failed verification|featured article|featured list|find a grave|flag icon|flagdeco|flagicon
    |for|for2|fr icon|free access|full|full citation needed|further|further cleanup|further information|gallery
    |geodis|geographic location|given name|globalize|good article|good topic|goodreads author|google books|gr icon
    |gutenberg|gutenberg author|h:ipa|harv|harvard citation|harvard citation no brackets|harvid|harvnb|harvp|harvs
    |hatnote|hdl|hndis|horizontal toc|how|icd10|icd9|iep|ill-wd|image|images|imdb name|imdb title|in lang|in use
    |increase|inflation|inflation-fn|internet archive|internet archive author|interwiki conflict|ipa-all|ipac-en
    |isbn|issn|italic title|iucn|lccn|lead rewrite|legend|library resources box|librivox author|listen|location map
    |location map many|location map+|lowercase title|main|main article|main articles|main category|map caption
    |mathworld|medcn|merge|merge from|merge to|more footnotes|multiple image|multiple images|multiple issues|navbox
    |navboxes|need quotation|no footnotes|normdaten|note|notelist|notelist-ua|notes|notetag|npov|nyttopic|oclc
    |official|official website|ol author|open access|openlibrary|original research|original research inline
    |other people|other places|other uses|page needed|page numbers needed|persondata|philpapers|pmid|portal
    |portal bar|portal-inline|pov|pov statement|prod|pron-en|pronunciation|pronunciation needed|r|redirect
    |redirect-distinguish|redirect2|redirect4|ref|ref label|ref list|refbegin|refend|references|refimprove
    |refimprove section|reflist|refn|registration required|related articles|relevance inline|request quotation
    |respell|rp|ru icon|s-end|s-start|see|see also|self-published inline|selfref|sep entry|sfn|sfnlink|sfnm|sfnp
    |sfnref|short description|side box|sidebar|sister project links|sisterlinks|snd note|specify|speedy|split
    |spoken wikipedia|spoken wikipedia-2|springerlink|steady|stub|subject bar|subscription|subscription required
    |superimpose|surname|technical reasons|tfd|this|time ago|toc|toc left|toc limit|toc right|tocright|tone
    |triple image|two other uses|under construction|undue|undue weight section|unreferenced|unreferenced section
    |unreliable source?|update|update after|usdict|vague|vcite book|verify|verify source|wayback|weasel-inline
    |weather box|webarchive|when|where|where?|which|who|why|wide image|wikiatlas|wikibooks|wikidata|wikimedia
    |wikinews|wikipedia books|wikiquote|wikisource|wikisource author|wikisource-inline|wikispecies|wikiversity
    |wikivoyage|wiktionary|wiktionary-inline|worldcat id|year needed|youtube|zh
""")
)
NO_PROSE_NAMES = re.compile(
    r"(?:cite |use |pp-|ipa-|ipac-|s-|#|defaultsort|displaytitle|pagename|fullpagename|namespace|wp |wikiproject "
    r"|needs |countries of |languages of |contains .* text|cia world factbook|wikisource)"
    r"|.*[ -](?:stub|navbox|sidebar|topics|icon|footer|topic|inline|needed)$"
)
