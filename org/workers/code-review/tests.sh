#!/bin/sh
# Reviews how well a git repository is tested, as far as reading can tell: source without tests,
# tests that are switched off or switch others off, empty tests, no CI.
#
# It reads tracked files only. It never runs the tests, and never builds or changes anything in the
# repository, so it says nothing about whether they pass or what they cover.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

open_repository tests 'Review of the tests'
line_counts
note 'The tests were read, not run.'

# What both counts below need to know of a language.
LANGUAGES='
  function language(p,   e) {
    e = ext(p)
    if (e == "py") return "Python"
    if (e ~ /^(js|jsx|mjs|cjs|ts|tsx|vue|svelte)$/) return "JavaScript/TypeScript"
    if (e == "rs") return "Rust"
    if (e == "go") return "Go"
    if (e ~ /^(java|kt|scala|groovy)$/) return "Java/Kotlin/Scala"
    if (e == "rb") return "Ruby"
    if (e == "php") return "PHP"
    if (e == "cs") return "C#"
    if (e ~ /^(c|cc|cpp|cxx)$/) return "C/C++"
    if (e == "swift") return "Swift"
    if (e ~ /^(ex|exs)$/) return "Elixir"
    return ""
  }
  # Files that configure, describe or demonstrate are not what tests are for.
  function aside(p,   b) {
    b = tolower(base(p))
    return is_vendored(p) || is_doc(p) || b ~ /^(setup|conf|noxfile|tasks|fabfile|manage|__init__|__main__|__version__|build|package-info|module-info)\.[a-z]+$/ || b ~ /\.config\.[a-z]+$|\.d\.ts$|^\.|rc\.(js|cjs)$/ || ("/" inner(p)) ~ /\/(migrations|benches|benchmarks?|scripts?|tools?|\.github|generated|gen|xtask)\//
  }
'

# Rust keeps unit tests in the file they test, so such a file is both.
inline_tests() {
  search '-l' '^[[:space:]]*#\[(cfg\(test\)|[a-z_:]*test(\(.*\))?)\]' '*.rs'
  sed '/^$/d; s/^HEAD://' "$SCRATCH/raw" >"$SCRATCH/inline"
}

amount_of_tests() {
  checked no-tests few-tests
  # shellcheck disable=SC2016
  lib_awk "$LANGUAGES"'
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/inline", inline) }
    # Tests that are missing from the checkout exist nevertheless.
    FILENAME ~ /absent$/ { l = language($0); if (l != "" && is_test($0)) { tests[l] += 0; unread[l]++ } next }
    {
      l = language($2); if (l == "" || is_vendored($2)) next
      if (is_test($2)) { tests[l]++; test_lines[l] += $1; next }
      if (aside($2)) next
      sources[l]++; source_lines[l] += $1
      if ($2 in inline) { within[l]++ }
      d = folder($2); sub(/\/.*$/, "", d); where[l, d] += $1
      if (where[l, d] > most[l]) { most[l] = where[l, d]; top[l] = d }
    }
    END {
      facts = ENVIRON["R_SCRATCH"] "/facts"
      for (l in sources) {
        print l "\t" sources[l] "\t" source_lines[l] "\t" tests[l] + 0 "\t" test_lines[l] + 0 "\t" within[l] + 0 > (ENVIRON["R_SCRATCH"] "/languages")
        if (!(l in tests) && !(l in within)) {
          if (source_lines[l] < 50) continue
          row(source_lines[l] >= 1000 ? "high" : "medium", "no-tests", top[l], "", "Source code without tests: " l ", " sources[l] (sources[l] == 1 ? " file, " : " files, ") source_lines[l] " lines, not one test file")
        }
        else if (source_lines[l] >= 1000 && !within[l] && !unread[l] && test_lines[l] < source_lines[l] / 10)
          row("low", "few-tests", top[l], "", "Few tests for the amount of source code: " l ", " test_lines[l] + 0 " lines of tests for " source_lines[l] " lines of source")
      }
    }
  ' "$SCRATCH/absent" "$SCRATCH/lines" >>"$SCRATCH/rows"
  [ -s "$SCRATCH/languages" ] || { fact '- No source code in a language this review knows'; return 0; }
  fact '| Language | Source files | Lines | Test files | Lines | Source files with tests inside |'
  fact '| --- | ---: | ---: | ---: | ---: | ---: |'
  sort -t "$TAB" -k 3,3nr "$SCRATCH/languages" | sed "s/$TAB/ | /g; s/^/| /; s/\$/ |/" >>"$SCRATCH/facts"
}

# The largest source files, unless a test file has their name in its name or its text.
untested_files() {
  checked untested-file
  # Where there are no tests at all, that is the finding.
  lib_awk "$LANGUAGES"'
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/inline", inline) }
    { l = language($2); if (l == "" || is_vendored($2)) next
      if (is_test($2) || $2 in inline) { tested[l] = 1; b = tolower(base($2)); names = names " " b " " }
      if (is_test($2) || $2 in inline || aside($2) || $1 < 150) next
      stem = base($2); sub(/\.[^.]*$/, "", stem)
      # Such names say nothing of their own, and one-letter names are found everywhere.
      if (length(stem) < 3 || tolower(stem) ~ /^(mod|lib|main|index|app|init|types|utils?|helpers?|common|constants?|errors?|base|core|api|config|cli)$/) next
      n++; size[n] = $1; path[n] = $2; word[n] = stem; lang[n] = l }
    END { for (i = 1; i <= n; i++) if (lang[i] in tested && !index(names, tolower(word[i]))) print size[i] "\t" word[i] "\t" path[i] }
  ' "$SCRATCH/lines" | sort -t "$TAB" -k 1,1nr -k 3,3 | head -n 40 >"$SCRATCH/candidates"
  [ -s "$SCRATCH/candidates" ] || return 0
  # One search finds every name in any file; only mentions in tests count.
  cut -f 2 "$SCRATCH/candidates" | sort -u >"$SCRATCH/stems"
  rgit grep -I -o -w -F --heading --break --no-color --no-recurse-submodules -f "$SCRATCH/stems" ${TREE:+"$TREE"} -- \
    '*[tT]est*' '*[sS]pec*' '*e2e*' >"$SCRATCH/raw" || :
  matches | lib_awk '
    grep_line() { if (is_test(FILE)) print TEXT }
  ' | sort -u >"$SCRATCH/mentioned"
  lib_awk '
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/mentioned", mentioned) }
    !($2 in mentioned) && n++ < 15 { row("low", "untested-file", $3, "", "Large source file that no test names: " $1 " lines") }
  ' "$SCRATCH/candidates" >>"$SCRATCH/rows"
}

switched_off() {
  # A focused test is worst where tests are, so it is not lowered there.
  scan focused-test high code '' '(^|[^[:alnum:]_.])(describe|it|test|context|suite|specify)(\.(concurrent|sequential))?\.only(\.each)?[(`]|^[[:space:]]*(fit|fdescribe|fcontext)\([[:space:]]*["'\''`]' \
    '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx' '*.vue'
  scan focused-test high code '' "^${S}(fit|fdescribe|fcontext)[[:space:](]+[\"'A-Z]|^${S}(it|describe|context|specify)[[:space:](].*(,${S}:focus|focus: true)" '*_spec.rb'
  scan skipped-test low code '' '(^|[^[:alnum:]_.])(describe|it|test|context|suite)(\.skip|\.todo)(\.each)?[(`]|^[[:space:]]*x(it|describe|test|context)\([[:space:]]*["'\''`]' \
    '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx' '*.vue'
  scan skipped-test low code 'ignore *=' "^${S}#\[ignore\]" '*.rs'
  scan skipped-test info code '' "^${S}#\[ignore${S}=" '*.rs'
  scan skipped-test low code '' "^${S}@(pytest\.mark\.skip|unittest\.skip)([(]|${S}\$)" '*.py'
  scan conditional-test info code '' "^${S}(@pytest\.mark\.(skipif|xfail)|@unittest\.(skipIf|skipUnless|expectedFailure))" '*.py'
  scan conditional-test info code '' "^${S}[a-z]+\.(Skip|Skipf|SkipNow)\(" '*_test.go'
  scan skipped-test low code '' "^${S}@(Disabled|Ignore)([(]|${S}\$)" '*.java' '*.kt' '*.scala' '*.groovy'
  scan skipped-test low code '' "^${S}(xit|xdescribe|xcontext|xspecify)[[:space:](]+[\"'A-Z]" '*_spec.rb'
  scan skipped-test low code '' "\[(Fact|Theory|Test)\(Skip|^${S}\[Ignore" '*.cs'
}

empty_tests() {
  checked empty-test
  search '-A1' "^${S}(async )?def test[[:alnum:]_]*\(.*\).*:${S}(pass)?${S}\$" '*.py'
  matches | lib_awk '
    function found(line, text) { row("low", "empty-test", FILE, line, "Test that tests nothing: " clean(text, 120)) }
    grep_line() {
      if (is_vendored(FILE) || !is_test(FILE)) next
      if (!CONTEXT) { start = LINE; text = TEXT; if (TEXT ~ /: *pass *$/) found(LINE, TEXT); next }
      if (LINE == start + 1 && text ~ /: *$/ && TEXT ~ /^ *pass *$/) found(start, text)
    }
  ' >>"$SCRATCH/rows"
  scan empty-test low code '' "(^|[^[:alnum:]_.])(it|test)\([[:space:]]*(\"[^\"]*\"|'[^']*'|\`[^\`]*\`)[[:space:]]*,[[:space:]]*(async )?(\(\)[[:space:]]*=>|function[[:space:]]*\(\))[[:space:]]*\{[[:space:]]*\}" '*.js' '*.jsx' '*.mjs' '*.ts' '*.tsx'
  scan empty-test low code '' "^func Test[A-Z][[:alnum:]_]*\(.*testing\.T\)${S}\{${S}\}" '*_test.go'
}

continuous_integration() {
  checked no-ci
  cut -f 3- "$SCRATCH/files" | lib_awk '
    { low = tolower(inner($0)) }
    low ~ /^\.(github|gitea|forgejo)\/workflows\/.*\.ya?ml$/ || low ~ /^(\.gitlab-ci\.yml|\.circleci\/config\.yml|jenkinsfile|azure-pipelines\.ya?ml|\.azure-pipelines\/.*|\.travis\.yml|bitbucket-pipelines\.yml|\.drone\.ya?ml|\.?appveyor\.yml|\.woodpecker(\.ya?ml|\/.*)|\.buildkite\/.*|\.cirrus\.ya?ml|cloudbuild\.ya?ml|\.builds\/.*|\.build\.yml|\.teamcity\/.*|\.semaphore\/.*|buildspec\.ya?ml|zuul\.d\/.*|\.?zuul\.yaml|\.prow.*|\.testing\/.*|\.ci\/.*|ci\/.*\.ya?ml|codefresh\.yml|wercker\.yml)$/ { found = 1; exit }
    is_source($0) { source = 1 }
    # Without code there is nothing to run.
    END { if (!found && source) row("low", "no-ci", "", "", "No CI configuration found: nothing in the repository runs its tests for every change") }
  ' >>"$SCRATCH/rows"
}

inline_tests
amount_of_tests
untested_files
switched_off
empty_tests
continuous_integration
finish_review
