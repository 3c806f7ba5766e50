"""Declarations of sources: what is accepted, and exactly what is said about what is not."""

from pathlib import Path

import pytest

from pipelines.declared import read_declaration
from pipelines.errors import PhaselineError
from pipelines.places import Downloads, Folder, Package, RemoteFile, RemoteFolder
from pipelines.readers.patterns import compile_patterns
from pipelines.sources import ModelFile, read_domains

DECLARED = Path(__file__).parents[2] / "assets" / "sources"
DIGEST = "ab" * 32

VALID = f"""\
domain: web
languages: [en]
filters:
  gopher_quality: {{min_words: 5}}
sources:
  - name: web_pages
    licence: MIT
    reader:
      format: html
      include: ["**/*.html"]
    snapshots:
      1.0.0:
        package: pages==1.0.0
        kind: wheel
        sha256: {DIGEST}
"""

LOCAL = """\
domain: math
filters: {}
sources:
  - name: math_notes
    licence: CC0-1.0
    terms: ask the authors
    reader: {format: text, include: ["*.txt"]}
    snapshots:
      "2026-11": {folder: notes}
      "2026-10": {folder: /old/notes, archives: ["**/*.zip"]}
      lake: {url: "s3://bucket/notes", options: {anon: true}}
      press: {files: [{url: "https://example.org/a%20b.txt"}]}
"""


def refusal(folder: Path) -> str:
    with pytest.raises(PhaselineError) as refused:
        read_domains(folder)
    return str(refused.value).replace(f"{folder}/", "")


def test_an_entry_of_each_kind_is_read(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(VALID)
    (tmp_path / "math.yaml").write_text(LOCAL)
    math, web = read_domains(tmp_path)
    assert web.sources[0].snapshots == {"1.0.0": Package(package="pages==1.0.0", kind="wheel", sha256=DIGEST)}
    assert web.filters.gopher_quality is not None
    assert web.filters.gopher_quality.min_words == 5
    assert web.filters.gopher_quality.max_words == 100_000
    assert math.sources[0].terms == "ask the authors"
    assert list(math.sources[0].snapshots.items()) == [
        ("2026-11", Folder(folder=tmp_path / "notes")),
        ("2026-10", Folder(folder=Path("/old/notes"), archives=("**/*.zip",))),
        ("lake", RemoteFolder(url="s3://bucket/notes", options={"anon": True})),
        ("press", Downloads(files=(RemoteFile(url="https://example.org/a%20b.txt"),))),
    ]


def test_a_licence_is_written_as_spdx_writes_it(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(VALID.replace("licence: MIT", "licence: mit or gpl-2.0-only"))
    assert read_domains(tmp_path)[0].sources[0].licence == "MIT OR GPL-2.0-only"
    (tmp_path / "web.yaml").write_text(VALID.replace("licence: MIT", "licence: LicenseRef-my-terms"))
    assert read_domains(tmp_path)[0].sources[0].licence == "LicenseRef-my-terms"


def test_a_download_lies_below_its_host() -> None:
    assert RemoteFile(url="https://example.org:8080/data/a%20b.gz?raw=1").path == "example.org/data/a b.gz"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "languages: [en]",
            "languages: [en",
            "web.yaml:3: not valid YAML: did not find expected ',' or ']'\n  remedy: mend the syntax there",
        ),
        (
            'include: ["**/*.html"]',
            "include: []",
            "web.yaml:10: sources.0.reader.html.include: at least one is needed\n  remedy: mend the fields named above",
        ),
        (
            "    licence: MIT\n",
            "",
            "web.yaml:6: sources.0.licence: Field required\n  remedy: mend the fields named above",
        ),
        (
            "licence: MIT",
            "license: MIT",
            "web.yaml:6: sources.0.licence: Field required\n"
            "web.yaml:7: sources.0.license: Extra inputs are not permitted\n  remedy: mend the fields named above",
        ),
        (
            "name: web_pages",
            "name: Web pages",
            "web.yaml:6: sources.0.name: String should match pattern '^[a-z][a-z0-9_]*$'\n"
            "  remedy: mend the fields named above",
        ),
        (
            f"sha256: {DIGEST}",
            "sha256: abc",
            "web.yaml:15: sources.0.snapshots.1.0.0.registry.sha256: String should match pattern '^[0-9a-f]{64}$'\n"
            "  remedy: mend the fields named above",
        ),
        (
            "pages==1.0.0",
            "pages>=1",
            "web.yaml:13: sources.0.snapshots.1.0.0.registry.package: String should match pattern "
            "'^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$'\n  remedy: mend the fields named above",
        ),
        (
            "      1.0.0:",
            "      2.0.0:",
            "web.yaml:11: sources.0.snapshots: snapshot 2.0.0 is not the version in pages==1.0.0\n"
            "  remedy: mend the fields named above",
        ),
        (
            "licence: MIT",
            "licence: my own terms",
            "web.yaml:7: sources.0.licence: Invalid license expression: 'my own terms'; name one of spdx.org/licenses, "
            "or one of your own as LicenseRef-…\n  remedy: mend the fields named above",
        ),
        (
            "        package: pages==1.0.0\n        kind: wheel\n",
            "",
            "web.yaml:12: sources.0.snapshots.1.0.0: one of package, folder, url, files is needed\n"
            "  remedy: mend the fields named above",
        ),
        (
            "      1.0.0:",
            "      ../1.0.0:",
            "web.yaml:12: sources.0.snapshots.../1.0.0.[key]: String should match pattern "
            "'^[A-Za-z0-9][A-Za-z0-9._+-]*$'\n  remedy: mend the fields named above",
        ),
        (
            f"      1.0.0:\n        package: pages==1.0.0\n        kind: wheel\n        sha256: {DIGEST}\n",
            "      {}\n",
            "web.yaml:11: sources.0.snapshots: at least one is needed\n  remedy: mend the fields named above",
        ),
        (
            f"        package: pages==1.0.0\n        kind: wheel\n        sha256: {DIGEST}\n",
            "        files: [{url: 'https://a.org/x.gz?1'}, {url: 'http://a.org/x.gz'}]\n",
            "web.yaml:13: sources.0.snapshots.1.0.0.web.files: http://a.org/x.gz and https://a.org/x.gz?1 would both "
            "be a.org/x.gz\n  remedy: mend the fields named above",
        ),
        (
            f"        package: pages==1.0.0\n        kind: wheel\n        sha256: {DIGEST}\n",
            "        files: [{url: 'https://a.org/%2e%2e/x.gz'}]\n",
            "web.yaml:13: sources.0.snapshots.1.0.0.web.files: https://a.org/%2e%2e/x.gz climbs out of its host\n"
            "  remedy: mend the fields named above",
        ),
        (
            f"        package: pages==1.0.0\n        kind: wheel\n        sha256: {DIGEST}\n",
            "        url: bucket/notes\n",
            "web.yaml:13: sources.0.snapshots.1.0.0.store.url: String should match pattern '^[a-z][a-z0-9+.:-]*://'\n"
            "  remedy: mend the fields named above",
        ),
        (
            f"        sha256: {DIGEST}\n",
            f"        sha256: {DIGEST}\n      1.0.0: {{folder: notes}}\n",
            "web.yaml:16: 1.0.0 is already at line 12\n  remedy: rename or remove one of them",
        ),
        (
            'format: html\n      include: ["**/*.html"]',
            'format: json_lines\n      include: ["*"]\n      template: "{{ question"',
            "web.yaml:11: sources.0.reader.json_lines.template: not a Jinja template: unexpected end of template, "
            "expected 'end of print statement'.\n  remedy: mend the fields named above",
        ),
        (
            "{min_words: 5}",
            "{min_word: 5}",
            "web.yaml:4: filters.gopher_quality.min_word: Extra inputs are not permitted\n"
            "  remedy: mend the fields named above",
        ),
        (
            "domain: web",
            "domain: math",
            "web.yaml: domain: math is declared here\n  remedy: name it math.yaml",
        ),
    ],
)
def test_a_fault_is_named_with_file_line_field_and_remedy(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in VALID
    (tmp_path / "web.yaml").write_text(VALID.replace(before, after))
    assert refusal(tmp_path) == message


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(VALID.replace("format: html", "format: pdf"))
    assert refusal(tmp_path).startswith(
        "web.yaml:8: sources.0.reader: Input tag 'pdf' found using 'format' does not match any of the expected tags: "
        "'html', "
    )


def test_a_name_belongs_to_one_source_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "math.yaml").write_text(LOCAL.replace("math_notes", "web_pages"))
    (tmp_path / "web.yaml").write_text(VALID)
    assert refusal(tmp_path) == (
        "web.yaml:6: sources.name: web_pages is already at math.yaml:4\n  remedy: rename one of them"
    )


def test_a_folder_without_declarations_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("declares no sources\n  remedy: write one YAML file for each domain there")


def test_the_default_declarations_cover_five_domains() -> None:
    domains = read_domains(DECLARED)
    assert [domain.domain for domain in domains] == ["code", "math", "qa", "web", "wiki"]
    assert all(len(domain.sources) >= 2 for domain in domains)
    model = read_declaration(DECLARED.parent / "models" / "lid_176.yaml", ModelFile)
    assert model.member.endswith("lid.176.ftz")


@pytest.mark.parametrize(
    ("patterns", "path", "matches"),
    [
        (["*.txt"], "a.txt", True),
        (["*.txt"], "b/a.txt", False),
        (["**/*.txt"], "b/c/a.txt", True),
        (["**/*.txt"], "a.txt", True),
        (["x/**"], "x/y/z.py", True),
        (["a.*", "b.*"], "b.md", True),
        ([], "a.txt", False),
    ],
)
def test_a_star_stays_in_its_folder_and_two_cross(patterns: list[str], path: str, matches: bool) -> None:
    assert bool(compile_patterns(patterns).match(path)) is matches
