"""The top-level domains that people have addresses in: all of countries, and of the others the usual ones.

https://data.iana.org/TLD/tlds-alpha-by-domain.txt has 1,400; a method's name in code is among them too often.
"""

COUNTRIES = """
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf
    cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg
    gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn
    kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na
    nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh
    si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve
    vg vi vn vu wf ws ye yt za zm zw
"""
OTHERS = """
    aero agency amsterdam app art arpa asia bank bayern berlin biz blog brussels bzh care cat cern church cloud club com
    company consulting coop design dev digital earth eco edu email energy eus expert film finance foundation gal global
    gov group hamburg health info institute int international jobs koeln law legal life live london madrid media mil
    mobi museum name net network news nyc online org paris photography post press pro school scot services shop site
    social software solutions space store studio support swiss systems team tech technology tel tirol today top travel
    university vlaanderen wales website wien work world xyz zone
"""
TOP_LEVELS = frozenset(f"{COUNTRIES} {OTHERS}".split())
