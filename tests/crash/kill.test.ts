import { killTests } from './kill.ts';
import { SCENARIOS } from './scenarios.ts';

/** The first half of the passes; the others are in kill-others.test.ts, so that two workers share them. */
for (const scenario of SCENARIOS.slice(0, SCENARIOS.length / 2)) killTests(scenario);
