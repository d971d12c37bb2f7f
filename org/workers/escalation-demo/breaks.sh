#!/bin/sh
# A worker that fails for good: whoever has it cannot do the work, however often it is tried.
printf '%s' '{"failed":{"class":"permanent","message":"the material broke twice; somebody else has to try"}}' > "$ECHELON_OUTCOME"
