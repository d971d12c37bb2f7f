#!/bin/sh
# Reviews the documentation of a git repository: README, licence and companions, links to files
# that do not exist, gaps marked as such, doc comments on public items.
#
# It reads tracked files and the history only. It never opens a link to the network, and never
# builds or changes anything in the repository.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

open_repository documentation 'Documentation review'
note 'Links to the network were not opened.'

# first_file PATTERN: the tracked file whose whole path in lower case matches first, or nothing.
first_file() {
  wanted=$1 awk -F '\t' '
    BEGIN { wanted = ENVIRON["wanted"] }
    tolower($3) ~ wanted { print $3; exit }
  ' "$SCRATCH/files"
}

standing_files() {
  checked no-readme no-licence no-changelog no-contributing
  README=$(first_file '^(docs/|\.github/)?readme(\.(md|markdown|rst|adoc|txt|org))?$')
  top=$(first_file '^readme(\.(md|markdown|rst|adoc|txt|org))?$')
  if [ -n "$top" ]; then README=$top; fi
  if [ -n "$README" ]; then
    fact "- README: \`$README\`"
  else
    missing medium no-readme 'No README: the repository does not say what it is'
  fi
  if [ -z "$(first_file '^(licen[cs]e|copying|unlicense)([.-].*)?$|^licen[cs]es/.|^(mit|apache)[-_]licen[cs]e')" ]; then
    missing low no-licence 'No licence file'
  fi
  if [ -z "$(first_file '^(docs?/)?(changelog|changes|history|news|releases?|release[-_]notes)(\.[a-z]+)?$|^(\.changes|changelog\.d|newsfragments|\.changeset)/')" ]; then
    missing info no-changelog 'No change log'
  fi
  if [ -z "$(first_file '^(docs?/|docs?/.*/|\.github/)?(contributing|hacking|development)(\.[a-z]+)?$')" ]; then
    missing info no-contributing 'No guide for contributors'
  fi
}

# missing SEVERITY RULE MESSAGE
missing() {
  printf '%s\tdocumentation\t%s\t\t\t%s\n' "$1" "$2" "$3" >>"$SCRATCH/rows"
}

readme_content() {
  checked thin-readme readme-no-install readme-no-usage
  [ -n "$README" ] || return 0
  if grep -qxF -e "$README" "$SCRATCH/absent"; then return 0; fi
  # A short README may leave the rest to a folder of documentation.
  has_docs=$(first_file '^(docs?|documentation|wiki|book)/')
  content "$README" | tr '\000-\011\013-\037\177' ' ' | cut -b 1-4000 |
    readme=$README has_docs=$has_docs lib_awk '
      BEGIN { readme = ENVIRON["readme"] }
      /[A-Za-z][a-z]/ { lines++ }
      { all = all " " tolower($0); if (length(all) > 200000) all = substr(all, 1, 200000) }
      END {
        if (lines < 20) { row("low", "thin-readme", readme, "", "Very short README: " lines + 0 (lines == 1 ? " line" : " lines") " with words"); exit }
        if (ENVIRON["has_docs"] != "") exit
        if (all !~ /install|set ?up|getting started|quick ?start|build|download|npm (i|install)|pip |cargo |go get|docker (run|pull|compose)|make /) row("low", "readme-no-install", readme, "", "README does not say how to install or build")
        if (all !~ /usage|example|how to|getting started|quick ?start|tutorial|run(ning)?[ :`]|using |```|^ {4}/) row("low", "readme-no-usage", readme, "", "README shows no usage")
      }
    ' >>"$SCRATCH/rows"
}

# Goes through the text of Markdown files, for links and for gaps. A link counts as broken only if it is relative, stands in text and leads to nothing that is
# tracked. Left alone are: code, comments, addresses, absolute paths, paths out of the repository
# (on the pages of a forge ../../issues is valid), templates, and pages a generator would build.
markdown_text() {
  checked broken-link doc-todo
  search '' '' '*.md' '*.markdown' '*.MD'
  matches | lib_awk '
    BEGIN {
      f = ENVIRON["R_SCRATCH"] "/files"
      while ((getline l < f) > 0) {
        split(l, part, "\t"); p = unquote(part[3]); known[p] = 1
        if (part[1] !~ /^100/) through[p] = 1
        while (sub(/\/[^\/]*$/, "", p)) known[p] = 1
      }
      for (i = 0; i < 16; i++) { HEX[substr("0123456789abcdef", i + 1, 1)] = i; HEX[substr("0123456789ABCDEF", i + 1, 1)] = i }
    }
    function percent(s,   out, a, b) {
      out = ""
      while (match(s, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
        a = substr(s, RSTART + 1, 1); b = substr(s, RSTART + 2, 1)
        out = out substr(s, 1, RSTART - 1) sprintf("%c", HEX[a] * 16 + HEX[b]); s = substr(s, RSTART + 3)
      }
      return out s
    }
    # Path of the target from the root of the repository; "" if it leads out of it.
    function resolve(dir, target,   n, part, i, k, depth, stack, full) {
      n = split((dir == "" ? "" : dir "/") target, part, "/"); depth = 0
      for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        if (part[i] == "..") { if (depth-- <= 0) return ""; continue }
        stack[++depth] = part[i]
      }
      full = ""
      for (k = 1; k <= depth; k++) { full = full (k > 1 ? "/" : "") stack[k]; if (full in through) return "" }
      return full
    }
    function exists(p,   q) {
      if (p in known) return 1
      q = p; if (sub(/\.html?$/, "", q)) return 1
      return ((p ".md") in known) || ((p ".mdx") in known) || ((p ".rst") in known) || ((p ".html") in known) || ((p "/index.md") in known) || ((p "/README.md") in known) || ((p "/_index.md") in known)
    }
    function check(target,   t, p) {
      t = target
      if (t ~ /^<.*>$/) t = substr(t, 2, length(t) - 2)
      else { sub(/^ +/, "", t); sub(/ +("[^"]*"|\047[^\047]*\047|\([^()]*\)) *$/, "", t); sub(/ +$/, "", t); if (t ~ / /) return }
      sub(/[#?].*$/, "", t)
      if (t == "" || t ~ /:\/\// || t ~ /^[A-Za-z][A-Za-z0-9+.-]*:/ || t ~ /^[\/\\]/ || t ~ /[{}$<>*|`"]/ || t ~ /^@/ || t ~ /\.\.\.$/) return
      gsub(/\\/, "", t); t = percent(t); sub(/\/+$/, "", t)
      # A lone word is a placeholder, a name in a code base or the slug of a page more often than a file.
      if (t !~ /[.\/]/ || t ~ /@/) return
      # An address whose scheme was left out.
      if (t ~ /^(www\.|[a-z0-9-]+\.(com|org|net|io|dev|rs)(\/|$))/ ) return
      if (t ~ /^\.\.?$/) return
      p = resolve(dir, t)
      if (p == "" || exists(p)) return
      if (++count > 3000) return
      sev = is_test(FILE) ? "info" : "low"
      row(sev, "broken-link", FILE, LINE, "Link to a file that is not in the repository: " clean(target, 140) (sev == "info" ? " (lowered from low: test or documentation)" : ""))
    }
    # Takes the target out of "](target)" with one level of parentheses inside.
    function targets(s,   i, depth, c, from) {
      while ((i = index(s, "](")) > 0) {
        s = substr(s, i + 2); depth = 1
        for (from = 1; from <= length(s) && from < 2000; from++) {
          c = substr(s, from, 1)
          if (c == "(") depth++
          else if (c == ")" && --depth == 0) break
        }
        if (depth == 0) { check(substr(s, 1, from - 1)); s = substr(s, from + 1) }
      }
    }
    # Removes spans of code, with one, two or more backticks.
    function without_code(s,   out, fence, at) {
      out = ""
      while (match(s, /`+/)) {
        fence = substr(s, RSTART, RLENGTH); out = out substr(s, 1, RSTART - 1); s = substr(s, RSTART + RLENGTH)
        at = index(s, fence); if (!at) { return out fence s }
        s = substr(s, at + length(fence))
      }
      return out s
    }
    grep_line() {
      if (FILE != last) { last = FILE; fence = ""; comment = 0; blank = 1; indented = 0; list = 0; skip = is_vendored(FILE); dir = unquote(FILE); if (!sub(/\/[^\/]*$/, "", dir)) dir = "" }
      if (skip) next
      text = TEXT
      if (fence != "") { t = text; sub(/^[ >]*/, "", t); if (index(t, fence) == 1 && t ~ /^(`+|~+) *$/) fence = ""; next }
      t = text; sub(/^[ >]*([-*+] +|[0-9]+[.)] +)*/, "", t)
      if (match(t, /^(```+|~~~+)/)) {
        c = substr(t, RSTART, RLENGTH)
        if (substr(c, 1, 1) == "~" || substr(t, RLENGTH + 1) !~ /`/) { fence = c; next }
      }
      if (comment) { if (!sub(/^.*-->/, "", text)) next; comment = 0 }
      while (match(text, /<!--/)) { head = substr(text, 1, RSTART - 1); tail = substr(text, RSTART + 4); if (!sub(/^.*-->/, "", tail)) { comment = 1; tail = "" } text = head tail }
      is_list = text ~ /^ *([-*+]|[0-9]+[.)]) /
      if (text ~ /^ *$/) { blank = 1; next }
      # Text was made of single blanks only for tabs; four of them after an empty line are code outside lists.
      if (text !~ /^ /) list = 0
      if (is_list) list = 1
      if (text ~ /^(    | *\t)/ && !is_list && !list && (blank || indented)) { indented = 1; blank = 0; next }
      indented = 0; blank = 0
      text = without_code(text)
      if (text ~ /(^|[^A-Za-z0-9_.\/#-])(TODO|FIXME|TBD)([:.) ]|$)/ && gaps++ < 3000) row("info", "doc-todo", FILE, LINE, "TODO in the documentation: " clean(TEXT, 160))
      if (text ~ /^ ? ? ?\[[^]^][^]]*\]: *[^ ]/) { t = text; sub(/^ *\[[^]]*\]: */, "", t); check(t); next }
      if (index(text, "](")) targets(text)
    }
    END { if (count > 3000) print "broken-link\t" count - 3000 > (ENVIRON["R_SCRATCH"] "/uncounted") }
  ' >>"$SCRATCH/rows"
  keep_uncounted
}

# Markdown was looked through together with its links.
gaps() {
  scan doc-todo info '' '' '(^|[^[:alnum:]_./#-])(TODO|FIXME|TBD)([:.) ]|$)' '*.rst' '*.adoc'
}

# Counts public items and those with a doc comment, by the lines directly above (Rust, Go) or below
# (Python). It is a ratio and no list: whether an item needs words is for a person to say.
doc_comments() {
  checked few-doc-comments
  search '' '^[[:space:]]*(///|//!|/\*\*|\*/|#\[|pub[[:space:]]+((async|unsafe|const|extern)[[:space:]]+)*(fn|struct|enum|trait|type|static|const|mod|union)[[:space:]])' '*.rs'
  matches | lib_awk '
    grep_line() {
      if (is_vendored(FILE) || is_test(FILE) || is_doc(FILE)) next
      if (FILE != last) { last = FILE; above = 0; documented = 0 }
      if (LINE != above + 1) documented = 0
      above = LINE
      if (TEXT ~ /^ *(\/\/\/|\/\*\*|\*\/|#\[doc)/) documented = 1
      # A module in a file of its own is described inside that file.
      else if (TEXT ~ /^ *pub +mod .*;/) documented = 0
      else if (TEXT ~ /^ *pub /) { n++; if (documented) d++; documented = 0 }
    }
    END { if (n) print "Rust\t" n "\t" d + 0 }
  ' >"$SCRATCH/ratios"
  search '' '^(//|\*/|func ([(][a-z_]+ \*?[A-Z][^)]*[)] )?[A-Z]|type [A-Z])' '*.go'
  matches | lib_awk '
    grep_line() {
      if (is_vendored(FILE) || is_test(FILE) || is_doc(FILE)) next
      if (FILE != last) { last = FILE; above = 0; documented = 0 }
      if (LINE != above + 1) documented = 0
      above = LINE
      if (TEXT ~ /^(\/\/|\*\/)/) documented = 1
      else { n++; if (documented) d++; documented = 0 }
    }
    END { if (n) print "Go\t" n "\t" d + 0 }
  ' >>"$SCRATCH/ratios"
  # Only signatures of one line are counted.
  search '-A1' '^[[:space:]]{0,4}(async def|def|class)[[:space:]]+[A-Za-z][A-Za-z0-9_]*.*:[[:space:]]*$' '*.py'
  matches | lib_awk '
    grep_line() {
      if (is_vendored(FILE) || is_test(FILE) || is_doc(FILE)) next
      if (!CONTEXT || TEXT ~ /^ *(async def|def|class) .*: *$/) { n++; start = LINE; from = FILE; if (!CONTEXT) next }
      if (FILE == from && LINE == start + 1 && TEXT ~ /^ *[rRuU]?("""|\047\047\047|")/) d++
    }
    END { if (n) print "Python\t" n "\t" d + 0 }
  ' >>"$SCRATCH/ratios"
  lib_awk '
    BEGIN { FS = "\t" }
    {
      share = int(100 * $3 / $2)
      print "- Public items with a doc comment in " $1 ": " $3 " of " $2 " (" share "%)" >> (ENVIRON["R_SCRATCH"] "/facts")
      if ($2 >= 20 && share < 50) row("info", "few-doc-comments", "", "", "Few doc comments on public items: " $1 ", " $3 " of " $2 " (" share "%)")
    }
  ' "$SCRATCH/ratios" >>"$SCRATCH/rows"
}

readme_age() {
  checked stale-readme
  [ -n "$README" ] || return 0
  recent_changes
  readme=$README RECENT=$RECENT lib_awk '
    BEGIN { readme = ENVIRON["readme"] }
    $0 == "commit" { commits++; counted = 0; next }
    substr($0, 2) == readme { found = 1; exit }
    !counted && is_source(substr($0, 2)) && !is_test(substr($0, 2)) { counted = 1; newer++ }
    END {
      if (found) print "- Commits since the README last changed: " commits - 1 ", of which " newer + 0 " changed source code" >> (ENVIRON["R_SCRATCH"] "/facts")
      if (newer >= 200) row("info", "stale-readme", readme, "", "README older than the code: " (found ? "" : "more than ") newer " commits changed source code since it was last touched")
    }
  ' "$SCRATCH/changes" >>"$SCRATCH/rows"
}

standing_files
readme_content
markdown_text
gaps
doc_comments
readme_age
finish_review
