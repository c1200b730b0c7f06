//! A calibration at work: the accepted candidates as drafts on images that nobody has labelled. Looked at first, then one
//! change in the history; never beside a box that is there already.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, RunName};
use tator_store::{DraftBox, Drafted, ImageFilter, RunKind};

use super::record::Record;
use crate::error::Error;
use crate::prepass::{free_images, living_classes};
use crate::workbench::Workbench;

/// What is done with a calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ApplyRequest {
    /// Only look what would happen.
    pub dry_run: bool,
    /// Drafts for those, too, that are for people to decide on.
    pub queue: bool,
    /// Thresholds other than the calibration's, by class.
    pub thresholds: BTreeMap<ClassId, f64>,
    /// Probability from which on one that is not accepted goes to people, where it is not to be the calibration's.
    pub queue_from: Option<f64>,
    /// Only these classes; all unless said.
    pub classes: Option<Vec<ClassId>>,
    /// Only images for which this SQL condition is true.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Also a calibration that is not better than what there is.
    pub anyway: bool,
}

/// Candidates of a class by what is done with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassBands {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Accepted.
    pub accept: usize,
    /// For people to decide on.
    pub queue: usize,
    /// Neither.
    pub drop: usize,
    /// Left out before, since a better one of the class covers them.
    pub duplicates: usize,
    /// Of the accepted those that are less sure than what people are asked about.
    pub past_people: usize,
}

/// What applying would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApplyPreview {
    /// The calibration.
    pub calibration: RunName,
    /// Whether it is better than what there is.
    pub promoted: bool,
    /// In words.
    pub why: String,
    /// Images that nobody has labelled and that have no box.
    pub free_images: usize,
    /// Images that would get drafts.
    pub images: usize,
    /// Drafts.
    pub drafts: usize,
    /// Images of the run that were labelled or changed since the calibration.
    pub changed_since: u64,
    /// Probability from which on one that is not accepted goes to people.
    pub queue_from: f64,
    /// Candidates on the free images, by class.
    pub classes: Vec<ClassBands>,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// What it came to.
    #[serde(flatten)]
    pub preview: ApplyPreview,
    /// The change, which can be taken back; nothing after a dry run.
    pub change: Option<Drafted>,
}

impl ApplyRequest {
    fn check(&self) -> Result<(), Error> {
        let is_share = |least: f64| (0.0..=1.0).contains(&least);
        if let Some((class, least)) = self.thresholds.iter().find(|(_, least)| !is_share(**least)) {
            return Err(Error::invalid("thresholds", format!("{least} for class {class} is not between 0 and 1")));
        }
        match self.queue_from.filter(|least| !is_share(*least)) {
            Some(least) => Err(Error::invalid("queue_from", format!("{least} is not between 0 and 1"))),
            None => Ok(()),
        }
    }
}

impl ClassBands {
    fn of(class_id: ClassId, names: &BTreeMap<ClassId, String>) -> Self {
        let name = names.get(&class_id).cloned().unwrap_or_else(|| format!("class {class_id}"));
        Self { class_id, name, accept: 0, queue: 0, drop: 0, duplicates: 0, past_people: 0 }
    }
}

impl ApplyPreview {
    /// Candidates that are left out, since a better one of their class covers them.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.classes.iter().map(|class| class.duplicates).sum()
    }

    /// Accepted ones that are less sure than what people are asked about.
    #[must_use]
    pub fn past_people(&self) -> usize {
        self.classes.iter().map(|class| class.past_people).sum()
    }
}

impl Workbench {
    /// How many images of the run have another truth than when a calibration was made; none where the run is gone, since
    /// nothing can be made again of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn truth_changed_since(&self, d: &DatasetName, record: &Record) -> Result<u64, Error> {
        match self.reader().truth_changes(d, &record.run, record.data_version) {
            Err(tator_store::Error::NotFound(_)) => Ok(0),
            found => Ok(found?),
        }
    }

    /// What applying a calibration would do; nothing is changed.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a condition that is refused.
    pub fn preview_calibration(
        &self,
        d: &DatasetName,
        name: &RunName,
        request: &ApplyRequest,
    ) -> Result<ApplyPreview, Error> {
        let record = Record::parse(&self.reader().run_entry(d, RunKind::Calibration, name)?.record)?;
        Ok(self.chosen(d, name, &record, request)?.0)
    }

    /// Applies a calibration: drafts on images that nobody has labelled, as one change that can be taken back.
    ///
    /// # Errors
    /// [`Error::NotPromoted`] unless it is to be applied anyway; as [`Workbench::preview_calibration`].
    pub fn apply_calibration(
        &self,
        d: &DatasetName,
        name: &RunName,
        request: &ApplyRequest,
        author: &str,
    ) -> Result<Applied, Error> {
        let record = Record::parse(&self.reader().run_entry(d, RunKind::Calibration, name)?.record)?;
        let (preview, drafts) = self.chosen(d, name, &record, request)?;
        if request.dry_run {
            return Ok(Applied { preview, change: None });
        }
        if !record.gate.promoted && !request.anyway {
            return Err(Error::NotPromoted { calibration: name.clone(), why: record.gate.why });
        }
        if drafts.is_empty() {
            let text = "no candidate is accepted on an image that nobody has labelled and that has no box";
            return Err(Error::invalid("calibration", text));
        }
        let change = self.open.writer.add_drafts(d, name.as_str(), &drafts, author)?;
        Ok(Applied { preview, change: Some(change) })
    }

    pub(super) fn chosen(
        &self,
        d: &DatasetName,
        name: &RunName,
        record: &Record,
        request: &ApplyRequest,
    ) -> Result<(ApplyPreview, Vec<DraftBox>), Error> {
        request.check()?;
        let reader = self.reader();
        let queue_from = request.queue_from.unwrap_or(record.queue_from);
        let condition = request.condition.as_deref().map(str::trim).filter(|text| !text.is_empty());
        crate::evaluate::calibration_of(reader, d, &record.run, Some(name))?;
        let free = free_images(d, &record.run);
        let condition = condition.map_or(free.clone(), |text| format!("{free} AND (\n{text}\n)"));
        let living = living_classes(reader, d)?;
        let filter = ImageFilter { condition: Some(condition), ..ImageFilter::default() };
        let images = reader.image_rows(d, &filter)?;
        let names: BTreeMap<ClassId, String> =
            reader.class_list(d)?.into_iter().map(|class| (class.class_id, class.name)).collect();
        let mut classes: BTreeMap<ClassId, ClassBands> = BTreeMap::new();
        let (mut drafts, mut touched) = (Vec::new(), std::collections::BTreeSet::new());
        let range = images.first().map(|image| image.image_id).zip(images.last().map(|image| image.image_id));
        let rows = match range {
            Some((first, last)) => reader.calibration_rows(d, name, &record.run, first..=last)?,
            None => Vec::new(),
        };
        for mut row in rows {
            let least = request.thresholds.get(&row.class_id).copied().or_else(|| record.rule.least(row.class_id));
            let Some(class_id) = living.get(&row.class_id) else { continue };
            row.class_id = *class_id;
            let wanted = request.classes.as_ref().is_none_or(|wanted| wanted.contains(&row.class_id));
            if !wanted || images.binary_search_by_key(&row.image_id, |image| image.image_id).is_err() {
                continue;
            }
            let accepted = row.kept && least.is_some_and(|least| row.score >= least);
            let queued = row.kept && !accepted && row.score >= queue_from;
            let bands = classes.entry(row.class_id).or_insert_with(|| ClassBands::of(row.class_id, &names));
            let band = match (row.kept, accepted, queued) {
                (false, ..) => &mut bands.duplicates,
                (_, true, _) => &mut bands.accept,
                (_, _, true) => &mut bands.queue,
                _ => &mut bands.drop,
            };
            *band += 1;
            bands.past_people += usize::from(accepted && row.score < queue_from);
            if accepted || (queued && request.queue) {
                touched.insert(row.image_id);
                drafts.push(DraftBox {
                    image_id: row.image_id,
                    class_id: row.class_id,
                    rect: row.rect,
                    score: Some(row.score),
                });
            }
        }
        let preview = ApplyPreview {
            calibration: name.clone(),
            promoted: record.gate.promoted,
            why: record.gate.why.clone(),
            free_images: images.len(),
            images: touched.len(),
            drafts: drafts.len(),
            changed_since: self.truth_changed_since(d, record)?,
            queue_from,
            classes: classes.into_values().collect(),
        };
        Ok((preview, drafts))
    }
}
