//! The job around [`crate::heads`]'s training.

use super::{Context, Done};
use crate::error::Error;
use crate::heads::{TrainHeadRequest, train};

pub(super) fn run(context: &Context, request: &str) -> Result<Done, Error> {
    let request: TrainHeadRequest =
        serde_json::from_str(request).map_err(|e| Error::invalid("request", e.to_string()))?;
    let run = train(context, &request)?;
    let without = match run.data.missing {
        0 => String::new(),
        n => format!(
            "; {n} labelled boxes have no vector and were left out: run `tator embed --dataset {} --of boxes`",
            run.dataset
        ),
    };
    let message = format!(
        "{}: accuracy {:.3}, macro F1 {:.3} on {} boxes of {} images that it never saw{without}",
        run.name, run.metrics.accuracy, run.metrics.macro_f1, run.parts.test.boxes, run.parts.test.images
    );
    Ok(Done { report: run.report(), message, partly: false })
}
