//! The job around [`crate::select`]'s replay.

use super::{Context, Done};
use crate::error::Error;
use crate::select::{SimulateRequest, simulate};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: SimulateRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let found = simulate(context, &request)?;
    let best = found.curves.iter().filter_map(|curve| Some((curve.strategy, curve.gain.as_ref()?.macro_f1.mean)));
    let best = best.max_by(|a, b| a.1.total_cmp(&b.1));
    let words = best.map_or_else(String::new, |(strategy, gain)| {
        format!("; {strategy} did best, {gain:+.3} macro F1 against chance")
    });
    let message = format!("replayed {} images by {} seeds{words}", found.pool_images, found.options.seeds);
    let report = serde_json::to_value(&found).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly: false })
}
