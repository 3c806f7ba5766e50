"""What a source file's name and text say of its language and its licence."""

import pytest

from pipelines.code.language import identify_language
from pipelines.code.licence import LicenceOfFolders, detect_licence, is_licence_file


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/a.py", "python"),
        ("src/A.PY", "python"),
        ("web/a.min.js", "javascript"),
        ("Makefile", "make"),
        ("Makefile.am", "make"),
        ("CMakeLists.txt", "cmake"),
        ("Dockerfile", "docker"),
        ("a.R", "r"),
        ("notes.txt", "text"),
        ("README", "text"),
        ("a.unheard", "text"),
        ("folder.py/unheard", "text"),
    ],
)
def test_most_names_tell_the_language(path: str, language: str) -> None:
    assert identify_language(path, "") == language


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a.h", "#include <stdio.h>\nint main(void); /* class of its own */", "c"),
        ("a.h", "#include <vector>\nint f();", "cpp"),
        ("a.h", "namespace a {\nint f();\n}", "cpp"),
        ("a.h", "#import <Foundation/Foundation.h>\n@interface A : NSObject\n@end", "objective-c"),
        ("a.m", "@implementation A\n@end", "objective-c"),
        ("a.m", "% A function\nfunction y = f(x)\n  y = x;\nend", "matlab"),
        ("a.m", '(* ::Package:: *)\nBeginPackage["A`"]', "mathematica"),
        ("a.pl", "#!/usr/bin/perl\nuse strict;\nmy $x = 1;", "perl"),
        ("a.pl", ":- module(a, [b/1]).\nb(X) :- c(X).", "prolog"),
        ("a.pm", "package A::B;\nuse warnings;\n1;", "perl"),
        ("a.v", "Require Import Arith.\nLemma a : True.\nProof. auto. Qed.", "coq"),
        ("a.v", "module a(input b);\nassign c = b;\nendmodule", "verilog"),
        ("a.r", "x <- c(1, 2)\n", "r"),
        ("a.r", "REBOL [Title: {A}]\n", "rebol"),
        ("a.fs", ": square dup * ;\n", "forth"),
        ("a.fs", "module A\nlet f x = x\n", "fsharp"),
        ("a.d", "a.o: a.c a.h\n", "make"),
        ("a.cls", "\\NeedsTeXFormat{LaTeX2e}\n", "tex"),
        ("a.inc", "<?php\necho 1;", "php"),
        ("run", "#!/usr/bin/env python3\nprint(1)", "python"),
        ("run", "#!/bin/sh -e\necho", "bash"),
        ("run", "#! /usr/bin/env -S node --x\n", "javascript"),
        ("run", "#!/opt/unheard\n", "text"),
        ("run", "# -*- mode: ruby; coding: utf-8 -*-\n", "ruby"),
        ("run", "-- x\n-- vim: set ts=4 ft=lua:\n", "lua"),
        ("page", "<?xml version='1.0'?><a/>", "xml"),
        ("page", "Some prose.", "text"),
    ],
)
def test_the_text_tells_the_language_where_the_name_leaves_a_choice(path: str, text: str, language: str) -> None:
    assert identify_language(path, text) == language


MIT = """Copyright (c) 2020 A

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal"""
BSD = """Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:
1. Redistributions of source code must retain the above copyright notice.
"""
GNU = """This program is free software; you can redistribute it and/or modify
it under the terms of the GNU {name}General Public License as published by
the Free Software Foundation; {version}"""
LATER = "either version {} of the License, or (at your option) any later version."
PLANTED_LICENCES = [
    ("# SPDX-License-Identifier: Apache-2.0\n", "Apache-2.0"),
    ("/* SPDX-License-Identifier: GPL-2.0+ WITH Linux-syscall-note */", "GPL-2.0-or-later WITH Linux-syscall-note"),
    ("// SPDX-License-Identifier: (GPL-2.0 OR MIT)", "(GPL-2.0-only OR MIT)"),
    ("Licensed under the Apache License, Version 2.0 (the \"License\");", "Apache-2.0"),
    (MIT, "MIT"),
    ("Released under the MIT license.", "MIT"),
    (BSD, "BSD-2-Clause"),
    (BSD + "3. Neither the name of the University nor the names of its contributors", "BSD-3-Clause"),
    (BSD + "3. All advertising materials mentioning features must. Neither the name of", "BSD-4-Clause"),
    (GNU.format(name="", version=LATER.format(2)), "GPL-2.0-or-later"),
    (GNU.format(name="", version="version 2."), "GPL-2.0-only"),
    (GNU.format(name="", version=LATER.format(3)), "GPL-3.0-or-later"),
    (GNU.format(name="Lesser ", version=LATER.format("2.1")), "LGPL-2.1-or-later"),
    (GNU.format(name="Library ", version=LATER.format(2)), "LGPL-2.0-or-later"),
    (GNU.format(name="Affero ", version=LATER.format(3)), "AGPL-3.0-or-later"),
    ("GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007", "GPL-3.0-only"),
    ("Licensed under the GPLv2+", "GPL-2.0-or-later"),
    ("the Mozilla Public License, v. 2.0. If a copy of the MPL", "MPL-2.0"),
    ("Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby "
     "granted, provided that the above", "ISC"),
    ("This is free and unencumbered software released into the public domain.", "Unlicense"),
    ("This work is hereby placed in the public domain.", "LicenseRef-public-domain"),
    ("To the extent possible under law: CC0 1.0 Universal. License.", "CC0-1.0"),
    ("Boost Software License - Version 1.0", "BSL-1.0"),
    ("Dual licensed under the MIT license and the GPL version 2 license:\n" + MIT
     + GNU.format(name="", version="version 2."), "GPL-2.0-only OR MIT"),
    (MIT + BSD, "BSD-2-Clause AND MIT"),
    ("def licence(text):\n    return text", None),
    ("All rights reserved. No licence is granted.", None),
    ("Use of this code is governed by a BSD-style license that is in the LICENSE file.", None),
    ("Is a GPL program allowed to link? The GNU General Public License says so.", None),
]  # fmt: skip


@pytest.mark.parametrize("comment", ["", "# ", " * ", "// ", ";; ", "dnl "])
@pytest.mark.parametrize(("text", "licence"), PLANTED_LICENCES)
def test_a_file_states_its_licence_in_any_comment(text: str, licence: str | None, comment: str) -> None:
    commented = "\n".join(comment + line for line in text.splitlines())
    assert detect_licence(commented + "\nx = 1\n") == (None if licence is None else licence)


def test_a_licence_stands_at_the_beginning_of_a_file() -> None:
    assert detect_licence("x = 1\n" * 2000 + MIT) is None


def test_a_folder_has_the_licence_of_its_nearest_licence_file() -> None:
    folders = LicenceOfFolders(
        [
            ("p-1.0/LICENSE", MIT),
            ("p-1.0/vendor/COPYING", GNU.format(name="", version=LATER.format(2))),
            ("p-1.0/both/LICENSE-MIT", MIT),
            ("p-1.0/both/LICENSE-APACHE", "Apache License, Version 2.0"),
            ("p-1.0/lesser/COPYING", "GNU GENERAL PUBLIC LICENSE Version 3"),
            ("p-1.0/lesser/COPYING.LESSER", "GNU LESSER GENERAL PUBLIC LICENSE Version 3"),
            ("p-1.0/silent/LICENSE", "Ask us."),
        ]
    )
    assert folders.of("p-1.0/src/a.c") == "MIT"
    assert folders.of("p-1.0/vendor/lib/a.c") == "GPL-2.0-or-later"
    assert folders.of("p-1.0/both/a.rs") == "Apache-2.0 OR MIT"
    assert folders.of("p-1.0/lesser/a.c") == "LGPL-3.0-only"
    assert folders.of("p-1.0/silent/a.c") == "MIT"
    assert folders.of("q/a.c") is None


def test_licence_files_are_known_by_name() -> None:
    names = ("LICENSE", "LICENCE.txt", "COPYING", "COPYING.LESSER", "LICENSE-MIT", "UNLICENSE", "license.md")
    assert all(is_licence_file(f"a/{name}") for name in names)
    assert not any(is_licence_file(f"a/{name}") for name in ("license.py", "licenses", "LICENSE_checker.txt", "README"))
