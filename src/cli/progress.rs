//! The bar on stderr that follows a job.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tator_pipeline::JobRecord;

/// A bar that shows a job's stage, count, rate and time to go; silent when stderr is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar }
    }

    pub fn show(&self, job: &JobRecord) {
        let progress = &job.progress;
        let template = if progress.total > 0 {
            "{msg:24} [{bar:30}] {human_pos}/{human_len} {prefix}"
        } else {
            "{msg:24} {spinner} {human_pos} {prefix}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(progress.stage.clone());
        let eta = progress.eta_s.map(|s| format!(" {s:.0} s to go")).unwrap_or_default();
        let rate = if progress.rate_per_s > 0.0 { format!("{:.0}/s", progress.rate_per_s) } else { String::new() };
        self.bar.set_prefix(format!("{rate}{eta}"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
