#!/bin/sh
# A worker that cannot go on without something that only a person can give.
printf '%s' '{"blocked":{"kind":"access","description":"the production password is not in the vault","needs":"somebody who may hand out the production password"}}' > "$ECHELON_OUTCOME"
