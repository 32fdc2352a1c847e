// Starts every behaviour of a kiosk screen; each finds its own elements by data attributes.
import { startGuard } from "./guard.js";
import { startIdle } from "./idle.js";
import { startSteps } from "./steps.js";
import { fitChoices } from "./choices.js";
import { fitDates } from "./datepad.js";
import { fitDrills } from "./drill.js";
import { fitEnding } from "./ending.js";
import { fitKeypads } from "./keypad.js";
import { fitRankings } from "./ranking.js";
import { fitSignatures } from "./signature.js";
import { fitTimes } from "./timepad.js";

const FITTINGS = [fitKeypads, fitDates, fitTimes, fitDrills, fitRankings, fitSignatures, fitEnding];

function fit(root) {
  FITTINGS.forEach((each) => each(root));
}

startGuard();
startIdle();
fitChoices(document);
fit(document);
startSteps(fit);
