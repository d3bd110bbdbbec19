#!/bin/sh
# Ours in the place of drachtio.
exec /switchroom/node_modules/.bin/node /switchroom/lab/task/drachtio.ts "$@"
