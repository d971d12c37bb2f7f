#!/bin/sh
# Reviews what makes a git repository, and the code in it, slow: large and generated files, heavy
# history, files that are too long or change too often, and a few calls that block.
#
# It reads tracked files and the history only. It never runs, builds or changes anything in the
# repository, never repacks it, and measures no program: it says what can be seen by reading.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

open_repository performance 'Performance review'
line_counts

# Human-readable sizes, for awk.
SIZES='
  function human(n) {
    if (n >= 1073741824) return sprintf("%.1f GiB", n / 1073741824)
    if (n >= 1048576) return sprintf("%.1f MiB", n / 1048576)
    if (n >= 1024) return sprintf("%.0f KiB", n / 1024)
    return n " bytes"
  }
'

file_sizes() {
  checked large-file build-product
  # A file without a line count, though it has content, is binary.
  lib_awk "$SIZES"'
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/absent", gone) }
    FILENAME ~ /lines$/ { text[$2] = 1; next }
    $1 !~ /^100/ { next }
    {
      files++; total += $2; kind = ext($3)
      binary = $2 > 0 && !($3 in text) && !($3 in gone)
      if (binary) { binaries++; binary_size += $2 }
      if ($2 > biggest) { biggest = $2; name = $3 }
      product = kind ~ /^(o|obj|a|so|dylib|dll|exe|class|jar|war|pyc|pyo|wasm|rlib|pdb|zip|gz|tgz|xz|bz2|zst|7z|rar|tar|deb|rpm|dmg|iso|whl|egg|nupkg)$/
      # The wrapper of Gradle and Maven is tracked so that nothing has to be installed.
      if (tolower(base($3)) ~ /^(gradle|maven)-wrapper\.jar$/) product = 0
      if ($2 > 10485760) row("high", "large-file", $3, "", "Large file tracked: " human($2) (binary ? ", binary" : ", text"))
      else if ($2 > 1048576) row("medium", "large-file", $3, "", "Large file tracked: " human($2) (binary ? ", binary" : ", text"))
      else if (binary && product && !is_vendored($3)) row(soft("low", $3), "build-product", $3, "", "Build product or archive tracked: ." kind ", " human($2) softened("low", $3))
    }
    END {
      facts = ENVIRON["R_SCRATCH"] "/facts"
      print "- Tracked content: " human(total + 0) " in " files + 0 " files" >> facts
      print "- Binary files: " binaries + 0 (binaries ? ", " human(binary_size) : "") >> facts
      if (name != "") print "- Largest file: " place(name, "") ", " human(biggest) >> facts
    }
  ' "$SCRATCH/lines" "$SCRATCH/files" >>"$SCRATCH/rows"
}

history_size() {
  checked large-history
  rgit count-objects -v >"$SCRATCH/objects"
  commits=$(rgit rev-list --count HEAD)
  commits=${commits:-0} lib_awk "$SIZES"'
    $1 == "size:" || $1 == "size-pack:" { kib += $2 }
    END {
      size = human(kib * 1024)
      print "- Commits: " ENVIRON["commits"] ", history: " size " in the object store" >> (ENVIRON["R_SCRATCH"] "/facts")
      sev = kib > 1048576 ? "high" : kib > 204800 ? "medium" : ""
      if (sev != "") row(sev, "large-history", "", "", "Heavy history: " size " in the object store of this copy")
    }
  ' "$SCRATCH/objects" >>"$SCRATCH/rows"
  if [ "$(rgit rev-parse --is-shallow-repository)" = true ]; then note 'This is a shallow copy, so the history was seen in part only.'; fi
}

# Directories are reported once, at the top, with the number of files in them. Names that people
# also use for sources of their own need evidence.
vendored_directories() {
  checked vendored
  cut -f 3- "$SCRATCH/files" | lib_awk '
    function kind_of(name) {
      if (name ~ /^(node_modules|bower_components|__pycache__|\.venv|venv|site-packages|\.gradle|\.tox|\.pytest_cache|\.mypy_cache|\.next|\.nuxt|pods)$/) return "medium"
      if (name ~ /^(vendor|third_party|third-party|thirdparty)$/) return "info"
      if (name ~ /^(target|dist|build|out|bin|obj)$/) return "maybe"
      return ""
    }
    {
      n = split(inner($0), part, "/"); path = ""
      for (i = 1; i < n; i++) {
        path = path (i > 1 ? "/" : "") part[i]; kind = kind_of(tolower(part[i]))
        if (kind == "") continue
        files[path]++; what[path] = kind; if ($0 ~ /^"/) odd[path] = 1
        if (kind == "maybe" && ext($0) ~ /^(o|class|jar|pyc|map|exe|dll|so|rlib|rmeta|wasm)$|^min\./ || inner($0) ~ /\.min\.(js|css)$/) proof[path] = 1
        break
      }
    }
    END {
      for (path in files) {
        sev = what[path]
        if (sev == "maybe") { if (!(path in proof)) continue; sev = "low" }
        shown = (path in odd) ? "\"" path "\"" : path
        row(sev, "vendored", shown, "", "Generated or third-party directory tracked: " files[path] (files[path] == 1 ? " file" : " files"))
      }
    }
  ' >>"$SCRATCH/rows"
}

long_files() {
  checked long-file minified
  # Generated code says so.
  search '-l' '@generated|Code generated .* DO NOT EDIT|[Aa]uto-?generated|GENERATED FILE|This file (is|was) generated'
  sed '/^$/d; s/^HEAD://' "$SCRATCH/raw" >"$SCRATCH/generated"
  lib_awk '
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/generated", generated) }
    FILENAME ~ /files$/ { size[$3] = $2; next }
    {
      lines += $1
      if (is_source($2) && !is_vendored($2)) { source += $1; sources++ }
      if (is_vendored($2) && inner($2) !~ /\.min\./ ) next
      kind = ext($2)
      if (size[$2] > 20000 && size[$2] / $1 > 400 && kind ~ /^(js|mjs|cjs|css|html|ts|py|rs|go|java|php|rb|sql)$/)
        row(soft("low", $2), "minified", $2, "", "Minified or generated text tracked: " int(size[$2] / $1) " bytes per line" softened("low", $2))
      else if ($1 > 1500 && is_source($2) && !($2 in generated))
        row(soft("low", $2), "long-file", $2, "", "Very long source file: " $1 " lines" softened("low", $2))
    }
    END { print "- Text: " lines + 0 " lines, of which source code: " source + 0 " lines in " sources + 0 " files" >> (ENVIRON["R_SCRATCH"] "/facts") }
  ' "$SCRATCH/files" "$SCRATCH/lines" >>"$SCRATCH/rows"
}

# Change logs and lock files change with every release and say nothing about the code.
churn() {
  checked churn
  recent_changes
  if [ "$RECENT" -lt 20 ]; then return 0; fi
  RECENT=$RECENT lib_awk '
    NR == FNR { split($0, f, "\t"); if (f[1] ~ /^100/) tracked[f[3]] = 1; next }
    /^\t/ { n[substr($0, 2)]++ }
    END {
      for (p in n) {
        if (!(p in tracked) || n[p] < 5 || is_vendored(p) || !is_source(p)) continue
        print n[p] "\t" p
      }
    }
  ' "$SCRATCH/files" "$SCRATCH/changes" | sort -t "$TAB" -k 1,1nr -k 2,2 | head -n 10 |
    RECENT=$RECENT lib_awk '
      BEGIN { FS = "\t" }
      { row("info", "churn", $2, "", "File that changes most often: in " $1 " of the last " ENVIRON["RECENT"] " commits") }
    ' >>"$SCRATCH/rows"
}

slow_patterns() {
  scan select-star low 'soft code notest' '[Cc][Oo][Uu][Nn][Tt]\(' "[\"'\`][[:space:](]*(SELECT|select)[[:space:]]+\*[[:space:]]+(FROM|from)[[:space:]]" \
    '*.py' '*.js' '*.ts' '*.tsx' '*.go' '*.rs' '*.java' '*.kt' '*.cs' '*.php' '*.rb' '*.scala'
  # Only calls that end in the same line can be judged.
  scan no-timeout low 'soft code notest' 'timeout|\*\*' "(^|[^[:alnum:]_.])requests\.(get|post|put|patch|delete|head|request)\([^()]*\)" '*.py'
  blocking_calls
}

# A blocking call matters in a file that answers requests, and inside a function; reading a
# setting while the program starts is fine.
blocking_calls() {
  checked sync-io
  search '-l' "(require\(|from[[:space:]]+)['\"](node:)?(express|fastify|koa|@hapi/hapi|http|https|restify|next)['\"]|\.createServer\(" '*.js' '*.mjs' '*.cjs' '*.ts'
  sed '/^$/d; s/^HEAD://' "$SCRATCH/raw" >"$SCRATCH/servers"
  [ -s "$SCRATCH/servers" ] || return 0
  search '' '^[[:space:]]+.*[^[:alnum:]_](readFileSync|writeFileSync|appendFileSync|readdirSync|existsSync|statSync|execSync|spawnSync|execFileSync|pbkdf2Sync|scryptSync)\(' '*.js' '*.mjs' '*.cjs' '*.ts'
  matches | lib_awk '
    BEGIN { load(ENVIRON["R_SCRATCH"] "/servers", server) }
    grep_line() {
      if (!(FILE in server) || is_vendored(FILE) || is_test(FILE) || is_comment(TEXT, "js")) next
      row(soft("low", FILE), "sync-io", FILE, LINE, "Blocking call in a server: " clean(TEXT, 160) softened("low", FILE))
    }
  ' >>"$SCRATCH/rows"
}

file_sizes
history_size
vendored_directories
long_files
churn
slow_patterns
finish_review
