//! The job around [`crate::assist`]'s tweak of a class.

use super::{Context, Done};
use crate::assist::TweakRequest;
use crate::error::Error;

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: TweakRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = context.assist.propose(context, &request)?;
    let message = report.summary();
    let partly = !report.failed.is_empty();
    let report = serde_json::json!({ "tweak": report });
    Ok(Done { report, message, partly })
}
