# shellcheck shell=sh
# Helpers shared by the code reviewers in this folder; the workers source it, nobody runs it.
#
# It opens the repository under review, lists and searches its tracked files, collects findings
# and writes REPORT.md, findings.tsv and the outcome. It never writes into the repository, never
# lets anything from the repository's configuration, attributes or hooks execute, never follows a
# symbolic link out of it, and never reaches for the network.
#
# Paths travel in the C-style quoting of git (core.quotePath), in which a path is always one line
# of ASCII. This is what lets tab-separated rows and awk cope with any file name.

set -u
LC_ALL=C
export LC_ALL
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_NAMESPACE \
  GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_EXTERNAL_DIFF GIT_CONFIG GIT_CONFIG_PARAMETERS \
  GIT_CONFIG_COUNT GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS \
  GIT_ICASE_PATHSPECS GIT_ATTR_SOURCE CDPATH BASH_ENV ENV

TAB=$(printf '\t')
# Each rule lists this many findings in findings.tsv, and this many in REPORT.md.
MOST_ROWS=200
MOST_SHOWN=25
# Optional blanks, as a piece of an extended regular expression.
# shellcheck disable=SC2034
S='[[:space:]]*'

# ---------------------------------------------------------------------------------------------
# What every rule is called, why it matters and what to do: rule|title|why|what to do.
# It is in one place because the reviewers and the summary both show it.

catalogue() {
  cat <<'END'
conflict-marker|Unresolved merge conflict|The file holds both sides of a merge and no longer means what either author wrote.|Choose the right side, delete the three marker lines, and run the tests.
shell-syntax|Shell script that does not parse|The script stops with an error at the latest when this line is reached, after the lines before it have run.|Correct the syntax; `sh -n` in the CI keeps it correct.
shell-bashism|Script asks for sh but needs bash|Where sh is not bash (Debian, Ubuntu, Alpine, BSD) the script does not start.|Ask for bash in the first line, or use POSIX syntax.
fixme|FIXME left in the code|Its author marked this place as wrong.|Correct it, or turn it into a ticket that somebody owns.
todo|TODO, XXX or HACK left in the code|Marked work is forgotten unless somebody tracks it.|Do it, or turn it into a ticket and refer to that.
debug-leftover|Debugging statement left in|It stops or clutters the program when it is reached outside the debugger.|Remove the statement.
console-log|console.log in code that is not a test|Output meant for the developer reaches users and logs.|Remove it or use the logger; in a command line tool it may be meant.
unfinished|Unfinished code|The program aborts when this place is reached.|Finish it, or return an error the caller can handle.
not-implemented|Raises "not implemented"|Fine for an abstract method, a trap for anything else.|Check that every class in use overrides it.
swallowed-error|Error is swallowed|A failure here leaves no trace, so the symptom appears somewhere else.|Handle or log the error, or say in a comment why it can be ignored.
merge-leftover|Left-over file of a merge, patch or editor|It is not part of the program and goes stale at once.|Remove it with `git rm` and ignore its pattern.
case-collision|Paths that differ only in upper and lower case|On macOS and Windows one of the files overwrites the other at checkout.|Rename one of them.
broken-symlink|Symbolic link that leads nowhere|Whatever opens it fails.|Correct its target or remove it.
private-key|Private key in the repository|Everybody who can read the repository, or any copy of it, can act as its owner.|Treat it as leaked: replace the key, then remove it from the files and the history.
known-token|Access token in the repository|The token works for everybody who can read the repository or any copy of it.|Revoke the token first, then remove it and read it from the environment or a secret store.
jwt|Signed web token (JWT) in the repository|While it is valid it signs in its bearer.|Check when it expires, revoke it if it is real, and remove it.
hardcoded-secret|Password or key written into the code|It is known to every reader of the repository and cannot be changed without a release.|Change the secret, then read it from the environment or a secret store.
url-credentials|User name and password inside an address|It is known to every reader of the repository and shows up in logs.|Change the password and take the credentials from the environment.
secret-file|File of a kind that holds secrets is tracked|Such files are normally kept out of a repository because of what is in them.|Replace what it holds, remove it with `git rm --cached`, and ignore it.
key-file|Certificate or key file without a private key in plain text|Usually a public certificate, which is fine; sometimes an encrypted key, which is not.|Make sure that it holds nothing secret.
eval|Executes code built from text|If any part of the text comes from outside, so does the code that runs.|Use a parser, a table of functions or literal_eval instead.
shell-command|Command line built for a shell|A value with a quote or a semicolon in it becomes a command.|Pass the program and its arguments as a list, without a shell.
unsafe-deserialise|Deserialises a format that can run code|Reading a manipulated file or message executes it.|Use JSON or the safe loader of the library.
raw-html|HTML is put into the page unescaped|A value with markup in it runs scripts in the browser of the reader (XSS).|Use textContent, or sanitise the markup first.
tls-unverified|Certificate check is switched off|Anybody on the way can read and change the traffic.|Switch the check on; trust a private CA explicitly if you need one.
c-unbounded|C function without a bound|A text longer than expected overwrites other memory.|Use the variant with a size (fgets, snprintf, strlcpy) and check the result.
weak-hash|MD5 or SHA-1 near a password|Such hashes are guessed by the billion per second.|Use Argon2, scrypt or bcrypt.
php-input|Input of the request reaches a dangerous PHP function|The sender of the request decides what is executed.|Validate the input and use a parameterised interface.
temp-race|Predictable temporary file|Another user can put a file or link of that name in place first.|Use mkstemp or NamedTemporaryFile.
bidi-control|Invisible text-direction characters in source code|The compiler reads something else than the reviewer sees ("Trojan Source").|Remove the characters, or write them as escapes.
pipe-to-shell|Download is piped into a shell|Whatever the server sends at that moment is executed, unseen and unversioned.|Download, verify a checksum, then run.
chmod-777|File made writable by everybody|Any user or process of the machine can change it.|Grant only the rights that are needed.
loose-mode|File of the checkout with loose permissions|Any user of the machine can change it, or it runs with the rights of its owner.|Correct the mode in the checkout.
insecure-source|Dependency fetched over plain http|Anybody on the way can replace the dependency.|Use https.
docker-root|Container runs as root|A break-out of the program starts with all rights inside the container.|Add a USER line to the last stage.
docker-latest|Base image without a fixed version|The same Dockerfile builds something else tomorrow.|Name a version, best with a digest.
workflow-untrusted|Workflow gives its rights to foreign code|A pull request from a stranger can run with the token and secrets of the repository.|Use `pull_request`, or do not check out and run the head of the pull request.
workflow-injection|Text of an issue or pull request becomes part of a script|Its author can execute commands in the workflow.|Pass the value through `env:` and quote it as a shell variable.
workflow-unpinned|Action taken from a moving branch|Whoever can push to that branch runs code in the workflow.|Pin the action to a release or a commit.
symlink-outside|Symbolic link leads out of the repository|It reads or writes a file that depends on the machine.|Use a relative path inside the repository.
rust-unsafe|Unsafe Rust|Here the compiler does not check memory safety.|Make sure that each block says in a SAFETY comment why it is sound.
large-file|Large file tracked|Every clone downloads every version of it, for ever.|Move it to Git LFS or a release download, and shrink the history if it hurts.
build-product|Build product or archive tracked|It bloats every clone, cannot be reviewed, and goes stale.|Remove it with `git rm --cached`, ignore it, and build or download it instead.
large-history|Heavy history|Every clone and every CI run pays for it.|Find the large blobs in the history; use shallow clones in the CI.
vendored|Generated or third-party directory tracked|It swells clones, searches and reviews.|Ignore it and restore it from its lock file or build, unless it is vendored on purpose.
long-file|Very long source file|It is slow to read, review and merge, and usually does several jobs.|Split it along its jobs.
minified|Minified or generated text tracked|Every change rewrites long lines, so diffs and merges are useless.|Build it instead of tracking it.
churn|File that changes most often|Conflicts and regressions gather where most changes happen.|Worth the first look when refactoring or adding tests.
select-star|SELECT * in code|It reads columns nobody needs and changes meaning with the schema.|Name the columns.
sync-io|Blocking call in a server|While it waits, the server answers nobody.|Use the asynchronous variant.
no-timeout|Request without a timeout|If the other side hangs, so does this thread, without end.|Pass a timeout.
no-tests|Source code without tests|Nobody notices when a change breaks it.|Begin with one test of the most used path.
few-tests|Few tests for the amount of source code|Large parts can break unnoticed.|Add tests where changes are most frequent.
untested-file|Large source file that no test names|No file of tests names it or mentions it, so it is probably tested at best by chance.|Add a test of its main behaviour.
focused-test|Focused test switches the others off|The run is green although most of the tests did not run.|Remove `.only` (or `fit`, `fdescribe`).
skipped-test|Test is switched off|It protects nothing and goes stale.|Repair it or delete it; if it must stay, say why and until when.
conditional-test|Test is skipped under a condition, or expected to fail|Where the condition holds it protects nothing.|Make sure that some CI run meets the other case.
empty-test|Test that tests nothing|It is always green.|Write it or delete it.
no-ci|No CI configuration found|Tests that are not run for every change are soon red.|Run the tests for every push.
no-readme|No README|A newcomer cannot tell what this is or how to begin.|Write what it is, how to install it, and one example.
thin-readme|Very short README|A newcomer is left with questions.|Say what it is, how to install it, and show one example.
readme-no-install|README does not say how to install or build|Everybody has to find out for themselves.|Add a short section with the commands.
readme-no-usage|README shows no usage|A reader cannot see what it does for them.|Add one example that can be copied.
no-licence|No licence file|Without a licence nobody else may use or change the code.|Add a LICENSE file.
no-changelog|No change log|Users cannot see what a new version brings or breaks.|Keep a CHANGELOG, or say where release notes are.
no-contributing|No guide for contributors|Contributors guess how to build, test and propose a change.|Add a CONTRIBUTING file of a few lines.
broken-link|Link to a file that is not in the repository|The reader lands on an error page.|Correct the target or remove the link.
doc-todo|TODO in the documentation|The reader meets a gap.|Fill it or remove it.
few-doc-comments|Few doc comments on public items|Users of the code have to read its source.|Document the public items that are used most.
stale-readme|README older than the code|It may describe a program that has changed.|Read it once against the present behaviour.
left-out|More findings than are listed|The list is cut so that it stays readable.|Repair the listed ones and run the review again.
END
}

# ---------------------------------------------------------------------------------------------
# Functions for awk. They work on bytes (LC_ALL=C) and avoid what mawk or busybox lack.

# The dollar signs and quotes in here belong to awk.
# shellcheck disable=SC2016
AWK_LIB='
function high_bytes(   n) {
  for (n = 128; n < 256; n++) ORD[sprintf("%c", n)] = n
  HIGH_BYTES = 1
}
# Replaces every byte that is not part of valid UTF-8, and invisible direction marks, with "?".
function utf8(s,   out, i, k, n, c, d, o, need, ok) {
  if (s !~ /[^ -~]/) return s
  if (!HIGH_BYTES) high_bytes()
  n = length(s); out = ""
  for (i = 1; i <= n; i++) {
    c = substr(s, i, 1)
    if (!(c in ORD)) { out = out ((c < " ") ? " " : c); continue }
    o = ORD[c]
    need = (o >= 194 && o <= 223) ? 1 : (o >= 224 && o <= 239) ? 2 : (o >= 240 && o <= 244) ? 3 : 0
    ok = need > 0 && i + need <= n
    for (k = 1; ok && k <= need; k++) {
      d = substr(s, i + k, 1)
      if (!(d in ORD) || ORD[d] > 191) ok = 0
      else if (k == 1) {
        d = ORD[d]
        if ((o == 194 && d < 160) || (o == 224 && d < 160) || (o == 237 && d > 159)) ok = 0
        if ((o == 240 && d < 144) || (o == 244 && d > 143)) ok = 0
      }
    }
    if (!ok) { if (i + need <= n || need == 0) out = out "?"; continue }
    c = substr(s, i, need + 1)
    i += need
    if (o == 226 && invisible(c)) c = "?"
    out = out c
  }
  return out
}
function invisible(c,   a, b) {
  a = ORD[substr(c, 2, 1)]; b = ORD[substr(c, 3, 1)]
  return (a == 128 && ((b >= 139 && b <= 143) || (b >= 168 && b <= 174))) || (a == 129 && b >= 166 && b <= 169)
}
# Shows no more than the first four characters of anything that looks like a secret.
function redact(s,   out, low) {
  out = ""
  while (match(s, /(AKIA|ASIA|gh[opsur]_|github_pat_|glpat-|xox[a-z]-|AIza|[sr]k_live_|npm_|pypi-|SG\.|eyJ)[A-Za-z0-9_.\/+=-]+/)) {
    if (RLENGTH < 16) { out = out substr(s, 1, RSTART + RLENGTH - 1) }
    else out = out substr(s, 1, RSTART + 3) "***"
    s = substr(s, RSTART + RLENGTH)
  }
  s = out s; out = ""
  low = tolower(s)
  while (match(low, /(passw(or)?d|passphrase|pwd|secret|token|key|credentials?)[a-z0-9_]*["\047]?\]? *(:|=|:=|=>|==) *["\047][^"\047 ]+/)) {
    out = out substr(s, 1, RSTART - 1) hide_value(substr(s, RSTART, RLENGTH))
    s = substr(s, RSTART + RLENGTH); low = tolower(s)
  }
  s = out s; out = ""
  while (match(s, /:\/\/[^\/:@ "\047]+:[^\/@ "\047]+@/)) {
    out = out substr(s, 1, RSTART + 2) substr(s, RSTART + 3, 4) "***@"
    s = substr(s, RSTART + RLENGTH)
  }
  return out s
}
function hide_value(s,   i) {
  for (i = length(s); i > 0 && substr(s, i, 1) !~ /["\047]/; i--) ;
  if (length(s) - i < 8) return s
  return substr(s, 1, i + 4) "***"
}
# One readable line: no control characters, valid UTF-8, no secrets, cut to max bytes.
function clean(s, max,   cut) {
  gsub(/[\001-\037\177]/, " ", s)
  gsub(/  +/, " ", s)
  sub(/^ /, "", s); sub(/ $/, "", s)
  # The part that is kept is chosen before secrets are hidden, or the work would grow with the line.
  s = redact(substr(s, 1, 2000))
  cut = length(s) > max
  return utf8(cut ? substr(s, 1, max - 3) : s) (cut ? "..." : "")
}
function unquote(p,   out, c, i, n) {
  if (p !~ /^".*"$/) return p
  out = ""; n = length(p) - 1
  for (i = 2; i <= n; i++) {
    c = substr(p, i, 1)
    if (c != "\\") { out = out c; continue }
    i++; c = substr(p, i, 1)
    if (c ~ /[0-3]/) { out = out sprintf("%c", c * 64 + substr(p, i + 1, 1) * 8 + substr(p, i + 2, 1)); i += 2 }
    else if (c == "t") out = out "\t"
    else if (c == "n") out = out "\n"
    else if (c ~ /[abfrv]/) out = out "\001"
    else out = out c
  }
  return out
}
# A path as a person writes it, if that is readable text; otherwise as git quotes it.
function readable(p,   plain) {
  plain = unquote(p)
  if (plain ~ /[\001-\037\177]/ || utf8(plain) != plain) return p
  return plain
}
function code(s,   fence) {
  fence = "`"
  while (index(s, fence)) fence = fence "`"
  return (fence == "`") ? "`" s "`" : fence " " s " " fence
}
function place(path, line) {
  if (path == "") return ""
  return code(readable(path) (line == "" ? "" : ":" line))
}
# Text outside a code span may not turn into markup. The stars of a hidden secret cannot.
function plain(s) {
  gsub(/\*\*\*/, "\001", s)
  gsub(/[\\`*_<>\[\]|]/, "\\\\&", s)
  gsub(/\001/, "***", s)
  return s
}
# What a message says beyond the title of its rule: quoted code as code, words as words.
function detail(rule, title, message) {
  if (message == title) return ""
  if (index(message, title ": ") != 1) return plain(message)
  message = substr(message, length(title) + 3)
  if (rule ~ /^(private-key|known-token|jwt|secret-file|loose-mode|docker-root|workflow-untrusted|rust-unsafe|large-file|build-product|large-history|vendored|long-file|minified|churn|no-tests|few-tests|untested-file|no-readme|no-ci|thin-readme|few-doc-comments|stale-readme)$/) return plain(message)
  return code(message)
}
function inner(p) { return (p ~ /^"/) ? substr(p, 2, length(p) - 2) : p }
function base(p) { p = inner(p); sub(/^.*\//, "", p); return p }
function folder(p) { p = inner(p); return sub(/\/[^\/]*$/, "", p) ? p : "" }
function ext(p) { p = base(p); return (p ~ /.\./) ? tolower(substr(p, match(p, /\.[^.]*$/) + 1)) : "" }
function is_test(p,   low, b) {
  low = "/" tolower(inner(p)); b = base(p)
  if (low ~ /\/(tests?|testing|testdata|test-data|test_data|specs?|__tests__|__mocks__|fixtures?|mocks?|e2e|cypress|androidtest)\//) return 1
  if (low ~ /[\/._-](tests?|spec|unittest)\.[a-z]+$/ || low ~ /\/(test_[^\/]*|conftest)\.[a-z]+$/) return 1
  return b ~ /[a-z0-9](Tests?|TestCase|Spec|IT)\.(java|kt|kts|scala|groovy|cs|php|swift)$/
}
function is_doc(p,   low) {
  low = "/" tolower(inner(p))
  return low ~ /\/(docs?|documentation|examples?|samples?|demos?)\// || low ~ /\.(md|markdown|rst|adoc|example|sample|template|dist|tmpl)$/
}
function is_vendored(p,   low) {
  low = "/" tolower(inner(p))
  if (low ~ /\/(node_modules|bower_components|vendor|vendored|third[_-]?party|\.?venv|site-packages|__pycache__|pods|dist)\//) return 1
  if (low ~ /^\/(deps|externals?)\// || low ~ /\/(configure|config\.(sub|guess)|ltmain\.sh|aclocal\.m4|libtool\.m4|install-sh|depcomp)$/) return 1
  if (low ~ /[.-]min\.(js|css|mjs)$/ || low ~ /\.(map|lock)$/) return 1
  return low ~ /\/(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|packages\.lock\.json)$/
}
function is_source(p) {
  return ext(p) ~ /^(py|js|jsx|mjs|cjs|ts|tsx|vue|svelte|rs|go|java|kt|kts|scala|groovy|rb|php|c|h|cc|cpp|cxx|hpp|hh|m|mm|cs|fs|swift|sh|bash|pl|pm|lua|ex|exs|erl|hs|ml|clj|dart|jl|r|zig|nim|sql)$/
}
# Whether the whole line is a comment, judged by how it begins.
function is_comment(text, kind) {
  sub(/^[ \t]+/, "", text)
  # Examples in the doc comments of Python begin with the prompt of its interpreter.
  if (text ~ /^(\/\/|\/\*|\*|<!--|--|%|>>>)/) return 1
  return text ~ /^#/ && kind !~ /^(rs|c|h|cc|cpp|cxx|hpp|hh|m|mm|cs)$/
}
function lower(sev) {
  return sev == "critical" ? "high" : sev == "high" ? "medium" : sev == "medium" ? "low" : "info"
}
function rank(sev) { return index("critical high     medium   low      info", sev) }
# Severity of a finding in this path: one less where the code does not run in production.
function soft(sev, path) { return (is_test(path) || is_doc(path)) ? lower(sev) : sev }
function softened(sev, path) {
  return (sev != "info" && (is_test(path) || is_doc(path))) ? " (lowered from " sev ": test or documentation)" : ""
}
function row(sev, rule, path, line, message) {
  print sev "\t" ENVIRON["R_AREA"] "\t" rule "\t" path "\t" line "\t" message
}
function load(file, into,   l) {
  while ((getline l < file) > 0) into[l] = 1
  close(file)
}
function load_titles(into,   l, f) {
  while ((getline l < (ENVIRON["R_SCRATCH"] "/catalogue")) > 0) { split(l, f, "|"); into[f[1]] = f[2] }
}
# Reads the output of "git grep --heading --break": sets FILE, LINE and TEXT; true for a matched line.
# CONTEXT is true if the line was not matched itself but follows a match.
function grep_line(   p) {
  if (NR == 1 || after_break) {
    FILE = $0; after_break = 0
    if (ENVIRON["R_TREE"] != "") sub(/^HEAD:/, "", FILE)
    if (!absent_loaded) { absent_loaded = 1; load(ENVIRON["R_SCRATCH"] "/absent", ABSENT) }
    return 0
  }
  if ($0 == "") { after_break = 1; return 0 }
  if ($0 == "--" || FILE in ABSENT) return 0
  if (!match($0, /^[0-9]+[:-]/)) return 0
  LINE = substr($0, 1, RLENGTH - 1)
  CONTEXT = substr($0, RLENGTH, 1) == "-"
  TEXT = substr($0, RLENGTH + 1)
  return 1
}
'

# lib_awk PROGRAM [FILE...]: awk with the functions above.
lib_awk() {
  program=$1
  shift
  # A rule that breaks must not look like a rule that found nothing.
  R_AREA=${AREA:-} R_SCRATCH=$SCRATCH R_TREE=${TREE:-} awk "$AWK_LIB$program" "$@" ||
    note 'One of the rules broke off, so findings may be missing.'
}

# ---------------------------------------------------------------------------------------------
# The outcome.

# publish_outcome JSON: the last act of a worker. The rename makes it appear whole or not at all.
publish_outcome() {
  if ! { printf '%s\n' "$1" >"$ECHELON_OUTCOME.part" && mv -f "$ECHELON_OUTCOME.part" "$ECHELON_OUTCOME"; }; then
    printf '%s\n' 'The outcome could not be written.' >&2
    exit 1
  fi
}

# fail CLASS MESSAGE: gives up. The message is made of fixed words only, so the JSON is valid.
fail() {
  printf '%s\n' "$2" >&2
  if [ -n "${REPORT_FILE:-}" ]; then
    : >findings.tsv
    printf '# %s\n\nThe review could not be done: %s\n' "$TITLE" "$2" >"$REPORT_FILE"
  fi
  [ -n "${ECHELON_OUTCOME:-}" ] && publish_outcome "{\"failed\":{\"class\":\"$1\",\"message\":\"$2\"}}"
  exit 1
}

start_scratch() {
  [ -n "${ECHELON_OUTCOME:-}" ] || fail permanent 'ECHELON_OUTCOME is not set, so there is no place for the outcome.'
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/review.XXXXXX") || fail transient 'No temporary directory could be made.'
  trap 'rm -rf "$SCRATCH"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  catalogue >"$SCRATCH/catalogue"
  : >"$SCRATCH/rows"
  : >"$SCRATCH/checked"
  : >"$SCRATCH/facts"
  : >"$SCRATCH/notes"
  : >"$SCRATCH/absent"
}

# plural NUMBER WORD
plural() {
  if [ "$1" -eq 1 ]; then printf '%s %s' "$1" "$2"; else printf '%s %ss' "$1" "$2"; fi
}

# count_findings < rows: "7 findings: 1 critical, 2 high, 4 low"
count_findings() {
  awk -F '\t' '
    $3 != "left-out" { n++; of[$1]++ }
    END {
      if (!n) { print "no findings"; exit }
      text = n (n == 1 ? " finding: " : " findings: "); comma = ""
      count = split("critical high medium low info", sev, " ")
      for (i = 1; i <= count; i++) if (of[sev[i]]) { text = text comma of[sev[i]] " " sev[i]; comma = ", " }
      print text
    }'
}

# ---------------------------------------------------------------------------------------------
# The repository.

# rgit ARGUMENTS: git on the repository under review, with everything switched off by which the
# repository's own configuration could execute a program, write a file or use the network.
rgit() {
  git -C "$REPO" \
    -c 'safe.directory=*' -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.pager=cat \
    -c core.quotePath=true -c core.attributesFile=/dev/null -c core.untrackedCache=false \
    -c core.sshCommand=false -c core.askPass=false -c core.editor=false -c core.alternateRefsCommand=false \
    -c credential.helper= -c protocol.allow=never -c gpg.program=false -c log.showSignature=false \
    -c diff.external= -c diff.orderFile=/dev/null -c diff.renames=false -c diff.ignoreSubmodules=all \
    -c submodule.recurse=false -c grep.column=false -c grep.fullName=true -c grep.lineNumber=true \
    -c grep.fallbackToNoIndex=false -c color.ui=false -c color.grep=false -c gc.auto=0 -c maintenance.auto=false \
    "$@" </dev/null 2>>"$SCRATCH/git-errors"
}

# rgit_stdin ARGUMENTS: the same, fed from the standard input.
rgit_stdin() {
  git -C "$REPO" -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.quotePath=true \
    -c core.attributesFile=/dev/null -c protocol.allow=never -c diff.external= -c diff.orderFile=/dev/null \
    -c diff.renames=false -c diff.ignoreSubmodules=all -c submodule.recurse=false -c color.ui=false \
    "$@" 2>>"$SCRATCH/git-errors"
}

# open_repository AREA TITLE: everything up to the first rule. Ends the worker if there is nothing
# to review.
open_repository() {
  AREA=$1
  TITLE=$2
  REPORT_FILE=REPORT.md
  start_scratch
  REPO=${ECHELON_REPOSITORY:-}
  while [ "$REPO" != / ] && [ "${REPO%/}" != "$REPO" ]; do REPO=${REPO%/}; done
  command -v git >/dev/null 2>&1 || fail permanent 'git is not installed.'
  [ -n "$REPO" ] || fail permanent 'ECHELON_REPOSITORY is not set, so there is nothing to review.'
  [ -d "$REPO" ] || fail permanent 'The repository to review is not a directory that can be read.'
  harden
  find_git_dir
  if ! rgit rev-parse -q --verify HEAD >/dev/null; then
    nothing_to_review
  fi
  rgit rev-parse -q --verify 'HEAD^{tree}' >/dev/null ||
    fail permanent 'The last commit of the repository cannot be read; the repository is damaged.'
  list_files
}

harden() {
  GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_GLOBAL=/dev/null
  GIT_OPTIONAL_LOCKS=0 GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none GIT_NO_REPLACE_OBJECTS=1
  GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=false SSH_ASKPASS=false GIT_SSH_COMMAND=false GIT_PAGER=cat GIT_ATTR_NOSYSTEM=1
  export GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_CONFIG_GLOBAL GIT_OPTIONAL_LOCKS GIT_NO_LAZY_FETCH \
    GIT_ALLOW_PROTOCOL GIT_NO_REPLACE_OBJECTS GIT_TERMINAL_PROMPT GIT_ASKPASS SSH_ASKPASS GIT_SSH_COMMAND \
    GIT_PAGER GIT_ATTR_NOSYSTEM
}

# Git is told where the repository and its work tree are. Left to itself it would search the
# directories above, and would believe core.worktree, which can name any directory of the machine.
find_git_dir() {
  TREE=''
  if [ -e "$REPO/.git" ]; then
    GIT_DIR=$REPO/.git
    GIT_WORK_TREE=$REPO
    export GIT_DIR GIT_WORK_TREE
  elif [ -f "$REPO/HEAD" ] && [ -d "$REPO/objects" ]; then
    GIT_DIR=$REPO
    TREE=HEAD
    export GIT_DIR
  else
    fail permanent 'The directory to review is not a git repository.'
  fi
  rgit rev-parse --git-dir >/dev/null || fail permanent 'The directory to review is not a git repository that git can open.'
  # In-tree attributes could hide a file from the search by calling it binary; the empty tree has none.
  case $(rgit rev-parse --show-object-format) in
    sha256) GIT_ATTR_SOURCE=6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321 ;;
    *) GIT_ATTR_SOURCE=4b825dc642cb6eb9a060e54bf8d69288fbee4904 ;;
  esac
  export GIT_ATTR_SOURCE
}

nothing_to_review() {
  : >findings.tsv
  printf '# %s\n\nThe repository has no commits yet; nothing to review.\n' "$TITLE" >REPORT.md
  publish_outcome '{"done":{"summary":"no findings: the repository has no commits yet; nothing to review","artefacts":["REPORT.md","findings.tsv"],"evidence":["0 commits"]}}'
  exit 0
}

# Lists the tracked files as "mode<TAB>size<TAB>path" in $SCRATCH/files, and those that cannot be
# read from the work tree in $SCRATCH/absent.
list_files() {
  rgit ls-tree -r -l --full-tree HEAD >"$SCRATCH/tree" || note 'Some objects of the last commit are missing, so file sizes are incomplete.'
  if [ -z "$TREE" ]; then
    rgit ls-files -s >"$SCRATCH/index" || fail permanent 'The index of the repository cannot be read.'
    rgit ls-files -d >"$SCRATCH/deleted"
    rgit ls-files -t | sed -n 's/^S //p' >>"$SCRATCH/deleted"
    # A clone without a checkout, or a bare repository, is reviewed as it is committed.
    if [ "$(sort -u "$SCRATCH/deleted" | wc -l)" -ge "$(cut -f 2- "$SCRATCH/index" | sort -u | wc -l)" ]; then TREE=HEAD; fi
  fi
  if [ -n "$TREE" ]; then
    awk '{ print $1, $3, 0 substr($0, index($0, "\t")) }' "$SCRATCH/tree" >"$SCRATCH/index"
  else
    sort -u "$SCRATCH/deleted" >"$SCRATCH/absent"
    find_linked_directories
  fi
  awk -F '\t' '
    NR == FNR { split($1, f, " "); size[$2] = f[4]; next }
    !($2 in seen) { seen[$2] = 1; split($1, f, " "); s = size[$2]; print f[1] "\t" (s ~ /^[0-9]+$/ ? s : "") "\t" $2 }
  ' "$SCRATCH/tree" "$SCRATCH/index" >"$SCRATCH/files"
  TRACKED=$(grep -c '' "$SCRATCH/files")
  REGULAR=$(grep -c '^100' "$SCRATCH/files")
  ABSENT=$(grep -c '' "$SCRATCH/absent")
  READ=$(awk -F '\t' 'FILENAME ~ /absent$/ { gone[$0] = 1; next } $1 ~ /^100/ && !($3 in gone) { n++ } END { print n + 0 }' "$SCRATCH/absent" "$SCRATCH/files")
  FOREIGN=$(cut -f 3- "$SCRATCH/files" | lib_awk 'is_vendored($0) { n++ } END { print n + 0 }')
  # An older git than 2.41, or attributes beside the index, can still hide text from the search.
  hidden=0
  if [ -z "$TREE" ]; then hidden=$(rgit ls-files -- ':(attr:-diff)' | grep -c ''); fi
  if [ "$hidden" -gt 0 ]; then note "The attributes of the repository call $(plural "$hidden" file) binary; they were not searched."; fi
}

# A tracked directory that was replaced by a symbolic link leads somewhere else; what git finds
# behind it is not the repository's.
find_linked_directories() {
  cut -f 2- "$SCRATCH/index" | awk '
    { p = $0; quote = sub(/^"/, "", p) ? "\"" : ""
      while (sub(/\/[^\/]*$/, "", p)) { if (p in seen) break; seen[p] = 1; print quote p quote } }
  ' >"$SCRATCH/directories"
  while IFS= read -r directory; do
    real_path "$directory"
    if [ -L "$REPO/$REAL" ]; then printf '%s\n' "$directory"; fi
  done <"$SCRATCH/directories" >"$SCRATCH/linked"
  [ -s "$SCRATCH/linked" ] || return 0
  awk '
    NR == FNR { p = $0; gsub(/^"|"$/, "", p); linked[p] = 1; next }
    { name = substr($0, index($0, "\t") + 1); p = name; gsub(/^"|"$/, "", p)
      while (sub(/\/[^\/]*$/, "", p)) if (p in linked) { print name; break } }
  ' "$SCRATCH/linked" "$SCRATCH/index" >>"$SCRATCH/absent"
  note 'Directories that were replaced by symbolic links in the work tree were not read.'
}

# real_path QUOTED: sets REAL to the file name behind the quoting of git.
real_path() {
  case $1 in
    \"*\")
      # Only \" differs between the quoting of git and the escapes of printf. The x keeps newlines at the end.
      # shellcheck disable=SC2059
      REAL=$(printf "$(printf '%s\n' "$1" | sed 's/^"//; s/"$//; s/\\"/\\042/g; s/%/%%/g')"x)
      REAL=${REAL%x}
      ;;
    *) REAL=$1 ;;
  esac
}

# content QUOTED: the bytes of a tracked regular file that is not in $SCRATCH/absent.
content() {
  real_path "$1"
  if [ -n "$TREE" ]; then
    rgit cat-file blob "HEAD:$REAL"
  elif [ -f "$REPO/$REAL" ] && [ ! -L "$REPO/$REAL" ]; then
    cat "$REPO/$REAL"
  fi
}

# search OPTIONS PATTERN [PATHSPEC...]: searches the tracked text files once for an extended regular
# expression, in the work tree or, without one, in the last commit. OPTIONS are for git grep.
search() {
  search_options=$1
  search_pattern=$2
  shift 2
  # The options are words of this program, so splitting them is meant.
  # shellcheck disable=SC2086
  rgit grep -I -E -n --no-color --heading --break --no-recurse-submodules --no-textconv $search_options \
    -e "$search_pattern" ${TREE:+"$TREE"} -- "$@" >"$SCRATCH/raw"
  if [ $? -gt 1 ]; then
    note 'One of the searches could not be completed because git could not read all files; findings may be missing.'
  fi
}

# matches: what the last search found, without control characters.
matches() {
  tr '\000-\011\013-\037\177' ' ' <"$SCRATCH/raw"
}

# scan RULE SEVERITY FLAGS EXCEPT PATTERN [PATHSPEC...]: a finding for each line that matches
# PATTERN and not EXCEPT (an expression for awk, so without {n}; it may be empty). FLAGS:
#   soft     one severity less in tests, examples and documentation
#   code     not in lines that are only a comment
#   notest   not in tests
#   all      also in vendored files
#   perfile  one finding per file, with the number of lines
#   fold     ignore case
scan() {
  R_RULE=$1 R_SEVERITY=$2 R_FLAGS=" $3 " R_EXCEPT=$4
  export R_RULE R_SEVERITY R_FLAGS R_EXCEPT
  scan_pattern=$5
  shift 5
  checked "$R_RULE"
  case $R_FLAGS in *' fold '*) scan_fold=-i ;; *) scan_fold='' ;; esac
  search "$scan_fold" "$scan_pattern" "$@"
  [ -s "$SCRATCH/raw" ] || return 0
  matches | lib_awk '
    function flag(name) { return index(ENVIRON["R_FLAGS"], " " name " ") }
    function finish() {
      if (per_file && hits) found(last, first, title ": " hits (hits == 1 ? " place" : " places"))
      hits = 0
    }
    function found(path, line, message,   shown) {
      if (++count > 3000) return
      shown = soften ? soft(sev, path) : sev
      row(shown, rule, path, line, message (soften ? softened(sev, path) : ""))
    }
    BEGIN {
      rule = ENVIRON["R_RULE"]; sev = ENVIRON["R_SEVERITY"]; except = ENVIRON["R_EXCEPT"]
      soften = flag("soft"); code_only = flag("code"); no_test = flag("notest"); all = flag("all"); per_file = flag("perfile")
      load_titles(titles); title = titles[rule]
    }
    grep_line() {
      if (FILE != last) {
        finish()
        last = FILE; skip = (!all && is_vendored(FILE)) || (no_test && is_test(FILE)); kind = ext(FILE)
      }
      if (skip || (code_only && is_comment(TEXT, kind))) next
      if (except != "" && TEXT ~ except) next
      if (per_file) { if (!hits++) first = LINE; next }
      found(FILE, LINE, title ": " clean(TEXT, 160))
    }
    END {
      finish()
      if (count > 3000) print rule "\t" count - 3000 > (ENVIRON["R_SCRATCH"] "/uncounted")
    }
  ' >>"$SCRATCH/rows"
  keep_uncounted
}

# What a rule found beyond its hard limit is still counted.
keep_uncounted() {
  if [ -s "$SCRATCH/uncounted" ]; then cat "$SCRATCH/uncounted" >>"$SCRATCH/beyond"; fi
  rm -f "$SCRATCH/uncounted"
}

# line_counts: lists "lines<TAB>path" of every text file that is not empty in $SCRATCH/lines.
line_counts() {
  rgit grep -I -c --no-color --no-recurse-submodules --no-textconv -e '' ${TREE:+"$TREE"} -- >"$SCRATCH/raw"
  lib_awk '
    BEGIN { load(ENVIRON["R_SCRATCH"] "/absent", gone) }
    { p = $0; match(p, /:[0-9]+$/); n = substr(p, RSTART + 1); p = substr(p, 1, RSTART - 1)
      if (ENVIRON["R_TREE"] != "") sub(/^HEAD:/, "", p)
      if (!(p in gone)) print n "\t" p }
  ' "$SCRATCH/raw" >"$SCRATCH/lines"
}

# recent_changes: lists, newest first, a line "commit" and the changed paths of each of the last
# 1000 commits that are not merges in $SCRATCH/changes, and sets RECENT to the number of commits.
recent_changes() {
  rgit rev-list --no-merges -n 1000 HEAD >"$SCRATCH/commits"
  # shellcheck disable=SC2034
  RECENT=$(grep -c '' "$SCRATCH/commits")
  rgit_stdin diff-tree --stdin -r --no-renames --name-only --no-ext-diff <"$SCRATCH/commits" |
    awk '/^[0-9a-f]+$/ && (length($0) == 40 || length($0) == 64) { print "commit"; next } { print "\t" $0 }' >"$SCRATCH/changes"
}

# ---------------------------------------------------------------------------------------------
# The report.

checked() { printf '%s\n' "$@" >>"$SCRATCH/checked"; }
note() { grep -qxF -e "$1" "$SCRATCH/notes" || printf '%s\n' "$1" >>"$SCRATCH/notes"; }
# fact MARKDOWN-LINE: a line of the section "In numbers".
fact() { printf '%s\n' "$1" >>"$SCRATCH/facts"; }

# sort_rows KEYS... < rows: by severity, then by the given keys of sort (the row begins in field 2).
sort_rows() {
  awk -F '\t' '{ print index("critical high     medium   low      info", $1) "\t" $0 }' |
    sort -t "$TAB" -k 1,1n "$@" | cut -f 2-
}

# Cuts the rows of each rule to MOST_ROWS and says how many more there were.
cap_rows() {
  most=$MOST_ROWS beyond="$SCRATCH/beyond" area=$AREA awk -F '\t' '
    BEGIN { most = ENVIRON["most"] + 0; f = ENVIRON["beyond"]; while ((getline l < f) > 0) { split(l, part, "\t"); more[part[1]] += part[2] } }
    { if (++n[$3] <= most) print; else more[$3]++ }
    END { for (r in more) print "info\t" ENVIRON["area"] "\tleft-out\t\t\t" more[r] " more findings of the rule " r " are left out of this list" }
  '
}

# finish_review: writes findings.tsv, REPORT.md and the outcome from what the rules collected.
finish_review() {
  sort_rows -k 4,4 -k 5,5 -k 6,6n -k 7,7 <"$SCRATCH/rows" | uniq | cap_rows >"$SCRATCH/findings"
  cp "$SCRATCH/findings" findings.tsv
  COUNTS=$(count_findings <findings.tsv)
  write_report >REPORT.md
  finish_outcome
}

finish_outcome() {
  version=$(git --version | sed 's/^[^0-9]*//; s/[^0-9.].*$//')
  publish_outcome "{\"done\":{\"summary\":\"$COUNTS\",\"artefacts\":[\"REPORT.md\",\"findings.tsv\"],\"evidence\":[\"$(plural "$READ" 'tracked file') read\",\"$(sort -u "$SCRATCH/checked" | grep -c '') rules checked\",\"git $version\"]}}"
}

write_report() {
  printf '# %s\n\n' "$TITLE"
  report_verdict
  printf '## Examined\n\n'
  report_examined
  if [ -s "$SCRATCH/facts" ]; then
    printf '\n## In numbers\n\n'
    cat "$SCRATCH/facts"
  fi
  report_findings
  report_clean
}

report_verdict() {
  if grep -q -v "${TAB}left-out${TAB}" findings.tsv; then
    printf '**%s.**' "$(printf '%s' "$COUNTS" | cut -c 1 | tr '[:lower:]' '[:upper:]')$(printf '%s' "$COUNTS" | cut -c 2-)"
    case $COUNTS in
      *critical*) printf ' Begin with the critical ones today.' ;;
      *high*) printf ' Begin with the high ones.' ;;
      *medium*) printf ' Nothing is urgent; the medium ones are worth planning.' ;;
      *) printf ' Nothing is pressing.' ;;
    esac
    printf '\n\n'
  else
    printf '**Nothing found.** What was looked for is listed below.\n\n'
  fi
}

report_examined() {
  branch=$(rgit symbolic-ref -q --short HEAD) || branch=''
  rgit log -1 --encoding=UTF-8 --format='%h%n%cd%n%s' --date=short HEAD >"$SCRATCH/head"
  {
    printf '%s\n' "${REPO##*/}" "$branch"
    cat "$SCRATCH/head"
  } | tr '\000-\011\013-\037\177' ' ' | lib_awk '
    NR == 1 { name = clean($0, 100) } NR == 2 { branch = clean($0, 100) } NR == 3 { id = $0 } NR == 4 { day = $0 }
    NR == 5 { subject = clean($0, 100) }
    END {
      print "- Repository " code(name) ", " (branch == "" ? "no branch (detached)" : "branch " code(branch)) ", commit " code(id) " of " day (subject == "" ? "" : ": " plain(subject))
    }'
  printf -- '- %s, ' "$(plural "$REGULAR" 'tracked file')"
  if [ -n "$TREE" ]; then printf 'as committed (there is no checkout)\n'; else printf 'with the content they have in the checkout\n'; fi
  others=$((TRACKED - REGULAR))
  if [ "$others" -gt 0 ]; then printf -- '- Symbolic links and submodules, which are not entered: %s\n' "$others"; fi
  if [ "$ABSENT" -gt 0 ]; then printf -- '- Tracked files that are missing from the checkout and were not read: %s\n' "$ABSENT"; fi
  if [ "$FOREIGN" -gt 0 ]; then printf -- '- Third-party and generated files, judged for keys, tokens and size only: %s\n' "$FOREIGN"; fi
  if grep -q '(lowered from ' findings.tsv; then
    printf -- '- Findings in tests, examples and documentation weigh one severity less; they are marked "lowered"\n'
  fi
  sed 's/^/- /' "$SCRATCH/notes"
}

# The findings, by severity and within that by rule.
report_findings() {
  shown=$MOST_SHOWN lib_awk '
    BEGIN {
      FS = "\t"; most = ENVIRON["shown"] + 0
      while ((getline l < (ENVIRON["R_SCRATCH"] "/catalogue")) > 0) { split(l, f, "|"); title[f[1]] = f[2]; why[f[1]] = f[3]; todo[f[1]] = f[4] }
    }
    NR == FNR { total[$1, $3]++; next }
    {
      if ($1 != sev && $3 != "left-out") { sev = $1; rule = ""; print "\n## " toupper(substr(sev, 1, 1)) substr(sev, 2) }
      if ($3 != rule) {
        rule = $3; n = 0
        print "\n### " title[rule] (rule == "left-out" ? "" : " (" total[sev, rule] ")") "\n"
        if (rule != "left-out") print why[rule] " **What to do:** " todo[rule] "\n"
      }
      n++
      if (n == most + 1 && total[$1, rule] > most) print "- ... and " total[$1, rule] - most " more in findings.tsv"
      if (n > most) next
      print "- " entry($3, $4, $5, $6)
    }
    # The title stands above already, so the entry shows the rest of the message.
    function entry(rule, path, line, message,   tail, where) {
      tail = ""
      if (match(message, / \(lowered from [a-z]+: [^()]*\)$/)) { tail = substr(message, RSTART, RLENGTH); message = substr(message, 1, RSTART - 1); sub(/:.*/, ")", tail) }
      message = detail(rule, title[rule], message)
      where = place(path, line)
      if (where == "" && message == "") where = "In the repository as a whole"
      return where (where != "" && message != "" ? " - " : "") message tail
    }
  ' findings.tsv findings.tsv
}

report_clean() {
  sort -u "$SCRATCH/checked" >"$SCRATCH/rules"
  lib_awk '
    BEGIN { while ((getline l < "findings.tsv") > 0) { split(l, f, "\t"); hit[f[3]] = 1 } load(ENVIRON["R_SCRATCH"] "/rules", asked); FS = "|" }
    ($1 in asked) && !($1 in hit) { if (!n++) print "\n## Looked for and not found\n"; print "- " $2 }
  ' "$SCRATCH/catalogue"
}
