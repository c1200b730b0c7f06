//! The register of `queries/*.sql`: one line a file, so that a statement has a name in errors and a test.

use tator_domain::{DatasetName, RunName};

/// One statement of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Its file under `queries/`.
    pub name: &'static str,
    /// Its text; `{d}` stands for a dataset's schema, `{where}` and `{among}` for a filter.
    pub sql: &'static str,
}

impl Query {
    /// The statement for one dataset.
    #[must_use]
    pub fn of(&self, dataset: &DatasetName) -> String {
        self.sql.replace("{d}", &format!("\"{dataset}\""))
    }

    /// The statement for one run or calibration of a dataset.
    #[must_use]
    pub fn of_run(&self, dataset: &DatasetName, run: &RunName) -> String {
        self.of(dataset).replace("{run}", run.as_str())
    }

    /// The statement for one dataset and a predicate on its images; without the head comment, which names the place
    /// of the predicate too.
    #[must_use]
    pub fn of_where(&self, dataset: &DatasetName, predicate: &str) -> String {
        let statement: Vec<&str> = self.sql.lines().filter(|line| !line.starts_with("--")).collect();
        statement.join("\n").replace("{d}", &format!("\"{dataset}\"")).replace("{where}", predicate)
    }

    /// Names this query in an error of DuckDB's.
    pub(crate) fn failed(&self) -> impl Fn(duckdb::Error) -> crate::Error + use<> {
        let query = self.name;
        move |source| crate::Error::Query { query, source }
    }
}

impl crate::Reader {
    /// Prepares every registered statement against a dataset, and gives those that DuckDB refuses with its reason: the
    /// house's own check that queries and schema fit.
    #[doc(hidden)]
    #[must_use]
    pub fn prepare_all(&self, dataset: &DatasetName) -> Vec<(&'static str, String)> {
        let prepared = self.engine.connect().map(|connection| {
            let batch = |query: &Query| connection.execute_batch(&query.of(dataset));
            // Staging is temporary: it exists only on the connection that made it.
            let staging = [CREATE_STAGING, CREATE_DRAFT_STAGING, CREATE_DESK];
            let refused = |query: &Query| batch(query).err().map(|e| (query.name, e.to_string()));
            let staged: Vec<_> = staging.iter().filter_map(refused).collect();
            let each = ALL.iter().filter(|query| !staging.contains(query)).filter_map(|query| {
                let sql = query.of_where(dataset, "true").replace("{among}", "true").replace("{seqs}", "1");
                let sql =
                    sql.replace("{run}", "sample").replace("{calibration}", "sample").replace("{other}", "sample");
                let refused = match query.name.starts_with("schema/") {
                    true => batch(query).err(),
                    false => connection.prepare(&sql).err(),
                };
                refused.map(|e| (query.name, e.to_string()))
            });
            staged.into_iter().chain(each).collect()
        });
        prepared.unwrap_or_else(|e| vec![("a connection", e.to_string())])
    }
}

macro_rules! queries {
    ($($(#[$meta:meta])* $constant:ident = $file:literal,)+) => {
        $(
            #[doc = concat!("`queries/", $file, "`")]
            pub const $constant: Query = Query {
                name: $file,
                sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries/", $file)),
            };
        )+
        /// Every registered statement.
        pub const ALL: &[Query] = &[$($constant,)+];
    };
}

queries! {
    SCHEMA_TATOR = "schema/tator.sql",
    SCHEMA_PEOPLE = "schema/people.sql",
    SCHEMA_DATASET = "schema/dataset.sql",
    SCHEMA_TWEAKS = "schema/tweaks.sql",
    SCHEMA_VERDICTS = "schema/verdicts.sql",
    SCHEMA_SAMPLE_RUN = "schema/sample_run.sql",
    SELECT_RUN_VIEWS = "runs/select_views.sql",
    SELECT_RUN_IMAGES = "runs/select_images.sql",
    SELECT_ATOMS = "runs/select_atoms.sql",
    SELECT_CANDIDATES = "runs/select_candidates.sql",
    SELECT_MEMBERS = "runs/select_members.sql",
    SELECT_SCORES = "runs/select_scores.sql",
    SCHEMA_EXPLORE = "schema/explore.sql",
    SELECT_MAPS = "maps/select_all.sql",
    DELETE_MAP = "maps/delete_map.sql",
    DELETE_MAP_POINTS = "maps/delete_points.sql",
    INSERT_MAP = "maps/insert_map.sql",
    SELECT_MAP_POINTS = "maps/select_points.sql",
    SELECT_MAP_VALUES = "maps/select_values.sql",
    SELECT_UNMEASURED = "quality/select_unmeasured.sql",
    DELETE_PICTURE_FIGURES = "quality/delete_pictures.sql",
    SELECT_PICTURE_FIGURES = "quality/select_pictures.sql",
    SELECT_PLACED_BOXES = "quality/select_boxes.sql",
    CLEAR_QUALITY = "quality/clear.sql",
    COUNT_OPEN_FINDINGS = "quality/count_open.sql",
    SELECT_OPEN_FINDINGS = "quality/select_open.sql",
    SELECT_FINDING = "quality/select_finding.sql",
    DELETE_DECISION = "quality/delete_decision.sql",
    INSERT_DECISION = "quality/insert_decision.sql",
    SELECT_DECISIONS = "quality/select_decisions.sql",
    SELECT_CHANGE_OF_EDIT = "quality/select_change.sql",
    INSERT_TWEAK = "tweaks/insert_tweak.sql",
    SELECT_TWEAK_TODO = "tweaks/select_todo.sql",
    SELECT_TWEAK_PAGE = "tweaks/select_page.sql",
    SUMMARISE_TWEAK = "tweaks/summarise.sql",
    KEEP_TWEAKED_BOXES = "tweaks/keep_boxes.sql",
    APPLY_TWEAK = "tweaks/apply.sql",
    REVERT_TWEAK = "tweaks/revert.sql",
    CREATE_KNN = "functions/create_knn.sql",
    CREATE_EMBEDDINGS = "functions/create_embeddings.sql",
    CREATE_COSINE = "functions/create_cosine.sql",
    SELECT_IMAGES_TO_EMBED = "embeddings/select_images.sql",
    SELECT_BOXES_TO_EMBED = "embeddings/select_boxes.sql",
    SELECT_IMAGE = "images/select_image.sql",
    SELECT_IMAGE_PAGE = "images/select_page.sql",
    SELECT_IMAGE_FILE = "images/select_file.sql",
    SELECT_IMAGE_ROWS = "images/select_rows.sql",
    SCAN_IMAGES = "images/scan_all.sql",
    COUNT_FACETS = "images/count_facets.sql",
    SELECT_NEIGHBOURS = "images/select_neighbours.sql",
    SELECT_IMAGE_NUMBERS = "images/select_numbers.sql",
    SELECT_IMAGE_AT = "images/select_at.sql",
    UPDATE_IMAGE_AFTER_EDIT = "images/update_after_edit.sql",
    SELECT_BOXES_BY_IMAGE = "boxes/select_by_image.sql",
    SELECT_BOXES_OF_IMAGES = "boxes/select_of_images.sql",
    SELECT_BOX_PLACES = "boxes/select_places.sql",
    SELECT_CLASS_SAMPLES = "boxes/select_class_samples.sql",
    SELECT_TRUTHS = "boxes/select_truths.sql",
    SCAN_BOXES = "boxes/scan_all.sql",
    INSERT_BOX = "boxes/insert_box.sql",
    UPDATE_BOX = "boxes/update_box.sql",
    DELETE_BOX = "boxes/delete_box.sql",
    COUNT_BOXES_BY_CLASS = "boxes/count_by_class.sql",
    SELECT_CLASSES = "classes/select_all.sql",
    INSERT_CLASS = "classes/insert_class.sql",
    UPDATE_CLASS_NAME = "classes/update_name.sql",
    UPDATE_CLASS_RETIRED = "classes/update_retired.sql",
    INSERT_CHANGE = "changes/insert_change.sql",
    SELECT_CHANGES_BY_IMAGE = "changes/select_by_image.sql",
    SELECT_CHANGES_SINCE = "changes/select_since.sql",
    SELECT_CHANGE = "changes/select_change.sql",
    UPDATE_CHANGE_STATUS = "changes/update_status.sql",
    SELECT_CHANGES_PAGE = "changes/select_page.sql",
    SELECT_HEAD_TRUTH = "heads/select_truth.sql",
    COUNT_HEAD_TRUTH = "heads/count_truth.sql",
    SELECT_HEAD_LABELLED = "heads/select_labelled.sql",
    SELECT_POOL = "select/select_pool.sql",
    SELECT_PATHS = "select/select_paths.sql",
    SELECT_DATASETS = "datasets/select_all.sql",
    INSERT_DATASET = "datasets/insert_dataset.sql",
    DELETE_DATASET = "datasets/delete_dataset.sql",
    RESERVE_NUMBERS = "datasets/reserve_numbers.sql",
    COUNT_ROWS = "datasets/count_rows.sql",
    SELECT_JOBS = "jobs/select_all.sql",
    UPSERT_JOB = "jobs/insert_job.sql",
    DELETE_JOB = "jobs/delete_job.sql",
    INSERT_UNFOLDED = "fold/insert_unfolded.sql",
    SELECT_UNFOLDED = "fold/select_unfolded.sql",
    DELETE_UNFOLDED = "fold/delete_unfolded.sql",
    SELECT_FOLD_IMAGES = "fold/select_images.sql",
    SELECT_FOLD_BOXES = "fold/select_boxes.sql",
    SELECT_FOLD_CLASSES = "fold/select_classes.sql",
    CREATE_STAGING = "intake/create_staging.sql",
    SELECT_STAGED_DUPLICATES = "intake/select_duplicates.sql",
    PLAN_CLASSES = "intake/plan_classes.sql",
    PLAN_IMAGES = "intake/plan_images.sql",
    COUNT_PLAN = "intake/count_plan.sql",
    INSERT_STAGED_CLASSES = "intake/insert_classes.sql",
    KEEP_REPLACED_BOXES = "intake/keep_replaced_boxes.sql",
    DELETE_REPLACED_BOXES = "intake/delete_replaced_boxes.sql",
    INSERT_STAGED_IMAGES = "intake/insert_images.sql",
    INSERT_STAGED_BOXES = "intake/insert_boxes.sql",
    UPDATE_REPLACED_IMAGES = "intake/update_replaced_images.sql",
    SELECT_NEW_IMAGES = "intake/select_new_images.sql",
    SELECT_REPLACED = "intake/select_replaced.sql",
    KEEP_BOXES_IN_RANGE = "bulk/keep_boxes_in_range.sql",
    DELETE_BOXES_IN_RANGE = "bulk/delete_boxes_in_range.sql",
    KEEP_IMAGES_IN_RANGE = "bulk/keep_images_in_range.sql",
    DELETE_IMAGES_IN_RANGE = "bulk/delete_images_in_range.sql",
    RESTORE_BOXES = "bulk/restore_boxes.sql",
    RESTORE_IMAGES = "bulk/restore_images.sql",
    FORGET_KEPT = "bulk/forget_kept.sql",
    FORGET_KEPT_IMAGES = "bulk/forget_kept_images.sql",
    COUNT_LATER_EDITS = "bulk/count_later_edits.sql",
    UPDATE_TOUCHED_IMAGES = "bulk/update_touched_images.sql",
    TOUCH_IMAGES = "bulk/touch_images.sql",
    KEEP_BOXES_OF_CLASS = "bulk/keep_boxes_of_class.sql",
    COUNT_KEPT_IMAGES = "bulk/count_kept_images.sql",
    MOVE_BOXES_OF_CLASS = "bulk/move_boxes_of_class.sql",
    CREATE_DRAFT_STAGING = "drafts/create_staging.sql",
    CREATE_DESK = "calibrate/create_staging.sql",
    LOAD_DESK_IMAGES = "calibrate/load_images.sql",
    LOAD_DESK_CANDIDATES = "calibrate/load_candidates.sql",
    LOAD_DESK_VOTES = "calibrate/load_votes.sql",
    LOAD_DESK_OVERLAPS = "calibrate/load_overlaps.sql",
    LOAD_DESK_NEIGHBOURS = "calibrate/load_neighbours.sql",
    HIDE_DESK_TRUTH = "calibrate/hide_truth.sql",
    SELECT_DESK_IMAGES = "calibrate/select_images.sql",
    SELECT_DESK_CANDIDATES = "calibrate/select_candidates.sql",
    SELECT_DESK_SOURCES = "calibrate/select_sources.sql",
    SELECT_DESK_FEATURES = "calibrate/select_features.sql",
    SELECT_DESK_VOTES = "calibrate/select_votes.sql",
    SELECT_SCORED = "calibrate/select_scored.sql",
    SELECT_FEATURES_OF = "calibrate/select_features_of.sql",
    COUNT_SCORES = "review/count_scores.sql",
    COUNT_RAW_SCORES = "review/count_raw.sql",
    COUNT_BANDS = "review/count_bands.sql",
    SELECT_BESIDE = "review/select_beside.sql",
    SELECT_WRONG = "review/select_finding.sql",
    SELECT_MISSED = "review/select_missed.sql",
    COUNT_FINDINGS = "review/count_findings.sql",
    SELECT_JUDGED = "review/select_candidate.sql",
    SELECT_CANDIDATE_SCORES = "review/select_scores.sql",
    COUNT_TRUTH_CHANGES = "review/count_truth_changes.sql",
    SELECT_SAMPLE = "review/select_sample.sql",
    DELETE_VERDICT = "review/delete_verdict.sql",
    INSERT_VERDICT = "review/insert_verdict.sql",
    LATEST_VERDICT = "review/latest_verdict.sql",
    COUNT_VERDICTS = "review/count_verdicts.sql",
    COUNT_PAIRS = "review/count_pairs.sql",
    SELECT_PAIRS = "review/select_pairs.sql",
    INSERT_DRAFTS = "drafts/insert_boxes.sql",
    KEEP_UNTOUCHED_DRAFTS = "drafts/keep_untouched.sql",
    DELETE_KEPT_DRAFTS = "drafts/delete_kept.sql",
    RESTORE_DRAFTS = "drafts/restore_kept.sql",
    SELECT_COMMENTS = "people/select_comments.sql",
    SELECT_TAGS = "people/select_tags.sql",
    DELETE_COMMENT = "people/delete_comment.sql",
    INSERT_COMMENT = "people/insert_comment.sql",
    DELETE_TAG = "people/delete_tag.sql",
    INSERT_TAG = "people/insert_tag.sql",
    COUNT_TAGS = "people/count_tags.sql",
    COUNT_COMMENTS = "people/count_comments.sql",
    GREATEST_NUMBER = "people/greatest_number.sql",
    SELECT_PACKAGES = "people/select_packages.sql",
    SELECT_PACKAGE_IMAGES = "people/select_package_images.sql",
    INSERT_PACKAGE = "people/insert_package.sql",
    UPDATE_CLAIM = "people/update_claim.sql",
    UPDATE_CLOSED = "people/update_closed.sql",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A predicate has several lines, and only the first of them would be in a comment that names its place.
    #[test]
    fn a_predicate_of_several_lines_stands_nowhere_but_in_its_place() {
        let dataset = "coins".parse().unwrap();
        for query in ALL {
            let places = query.sql.lines().filter(|line| !line.starts_with("--")).collect::<String>();
            let sql = query.of_where(&dataset, "true\n  AND second_line");
            assert_eq!(sql.matches("second_line").count(), places.matches("{where}").count(), "{}", query.name);
        }
    }
}
