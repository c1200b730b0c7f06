//! The job around [`crate::export`].

use super::{Context, Done};
use crate::error::Error;
use crate::export::{ExportRequest, export};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: ExportRequest = serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let report = export(context, &request)?;
    let message = format!(
        "wrote {} images, {} boxes and {} classes to {}",
        report.images, report.boxes, report.classes, report.out
    );
    let partly = !report.skipped.is_empty();
    let report = serde_json::to_value(report).map_err(|e| Error::invalid("report", e.to_string()))?;
    Ok(Done { report, message, partly })
}
