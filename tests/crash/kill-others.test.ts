import { killTests } from './kill.ts';
import { SCENARIOS } from './scenarios.ts';

for (const scenario of SCENARIOS.slice(SCENARIOS.length / 2)) killTests(scenario);
