//! The job around [`crate::calibrate`].

use super::{Context, Done};
use crate::calibrate::{self, CalibrateRequest};
use crate::error::Error;

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: CalibrateRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = calibrate::run(context, &request)?;
    let (message, partly) = (report.summary(), report.unread_images > 0);
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}
