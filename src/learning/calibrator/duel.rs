//! Ours beside a baseline on the same test images and on the same terms.
//!
//! Whoever cannot reach the recall that was asked for is let off it, and may so look better than one who is held to it. Where
//! either of two could not keep a condition on development images, both are compared without it.

use tator_domain::PixelBox;

use super::judge::judge;
use super::options::Options;
use super::pool::Pool;
use super::rule::{Rule, choose_rule};
use crate::Error;
use crate::calibration::Fulfilled;
use crate::coco_evaluation::{Counts, Detection};

/// Scored detections of development images, to choose a rule on, and of test images.
pub(super) struct Contender<'a> {
    pub name: &'a str,
    pub known: Vec<Detection<PixelBox>>,
    pub tested: Vec<Detection<PixelBox>>,
    pub rule: Rule,
    /// The rule was made elsewhere: it stays what it is, whatever the terms.
    pub is_fixed: bool,
}

/// Both on the test images, part by part.
#[derive(Debug, Default)]
pub(super) struct Duel {
    pub ours: Vec<Counts>,
    pub theirs: Vec<Counts>,
    /// One of them was let off a condition that the other could keep, so both were.
    pub eased: bool,
}

impl Duel {
    pub fn add(&mut self, ours: Vec<Counts>, theirs: Vec<Counts>, test: &[bool]) {
        let tested =
            |counts: Vec<Counts>| counts.into_iter().zip(test).filter(|(_, is)| **is).map(|(counts, _)| counts);
        self.ours.extend(tested(ours));
        self.theirs.extend(tested(theirs));
    }
}

/// The images to choose rules on, dealt into folds, and those to test on.
pub(super) struct Ring<'a> {
    pub pool: &'a Pool<'a>,
    pub options: &'a Options,
    pub known: &'a [bool],
    pub folds: &'a [Option<usize>],
    pub test: &'a [bool],
}

impl Ring<'_> {
    /// The best rule that keeps so much of what was asked for.
    pub fn rule(&self, known: &[Detection<PixelBox>], terms: Fulfilled) -> Result<Rule, Error> {
        let asked = self.options;
        let (recall_floor, wrong_per_right) = match terms {
            Fulfilled::All => (asked.recall_floor, asked.wrong_per_right),
            Fulfilled::CapAlone => (0.0, asked.wrong_per_right),
            Fulfilled::Nothing => (0.0, None),
        };
        let options = Options { recall_floor, wrong_per_right, ..asked.clone() };
        choose_rule(self.pool, self.known, self.folds, known, &options)
    }

    /// How much of what was asked for a contender keeps on development images.
    pub fn fulfilled(&self, of: &Contender<'_>) -> Result<Fulfilled, Error> {
        if !of.is_fixed {
            return Ok(of.rule.fulfilled());
        }
        let counts: Counts = self.judged(of.name, &of.known, &of.rule, self.known)?.into_iter().sum();
        Ok(self.options.objective().fulfilled(&counts))
    }

    /// Counts of every image of the pool, on terms that may be easier than those of the contender's own rule.
    pub fn counts(&self, of: &Contender<'_>, terms: Fulfilled) -> Result<Vec<Counts>, Error> {
        // Who missed a condition still strove for it: without it, another rule is best.
        let is_easier = !of.is_fixed && terms < Fulfilled::All;
        let eased = if is_easier { Some(self.rule(&of.known, terms)?) } else { None };
        self.judged(of.name, &of.tested, eased.as_ref().unwrap_or(&of.rule), self.test)
    }

    fn judged(
        &self,
        name: &str,
        found: &[Detection<PixelBox>],
        rule: &Rule,
        marked: &[bool],
    ) -> Result<Vec<Counts>, Error> {
        let truths = self.pool.truths_on(marked);
        let judged = judge(&truths, found, self.options.iou, rule.dedupe)
            .map_err(|e| Error::invalid("scores", format!("{name}: {e}")))?;
        Ok(judged.by_image(rule, &truths, found, self.pool.images))
    }
}
