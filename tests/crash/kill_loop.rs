//! The kill loop: the real server under load, killed at random moments, started again, compared.
//!
//! `TATOR_KILLS` says how often (25 without it), `TATOR_SEED` where chance begins.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::annotator::Annotator;
use super::chance::Chance;
use crate::harness::program::{Server, Starting, tator_in, yolo_folder};

const DATASET: &str = "killed";
const ANNOTATORS: u64 = 3;
/// Images and boxes of the source that is imported again and again.
const SOURCE: (u64, u64) = (260, 900);

/// When the blow falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Load,
    StartUp,
    Fold,
    Export,
    Import,
    Trash,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

struct Loop {
    folder: tempfile::TempDir,
    workspace: PathBuf,
    source: PathBuf,
    annotators: Vec<Annotator>,
    chance: Chance,
    restarts: Vec<Duration>,
    struck: std::collections::BTreeMap<Moment, u64>,
    imports: u64,
    exports: u64,
    /// An import that was struck: its job, and its dataset.
    import: Option<(i64, String)>,
    /// A dataset that was being deleted.
    trashed: Option<String>,
    cut_imports: u64,
}

#[test]
fn every_acknowledged_edit_is_there_exactly_once_after_kill_9() {
    let (kills, seed) = (number("TATOR_KILLS", 25), number("TATOR_SEED", 1));
    let begun = Instant::now();
    let mut round = Loop::prepare(seed);
    for kill in 0..kills {
        round.strike();
        if kill % 20 == 19 {
            round.check_by_command();
        }
    }
    round.last_words(kills, begun.elapsed());
}

impl Loop {
    fn prepare(seed: u64) -> Self {
        // TATOR_KEEP leaves the workspace for a person to look at.
        let keep = std::env::var_os("TATOR_KEEP").is_some();
        let folder = tempfile::Builder::new().prefix("tator-kills").disable_cleanup(keep).tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let small = yolo_folder(&folder.path().join("small"), 36, 120);
        let source = yolo_folder(&folder.path().join("source"), SOURCE.0, SOURCE.1);
        tator_in(&workspace, &["import", small.to_str().unwrap(), "--dataset", DATASET]).expect(0);
        let server = Server::start(&workspace);
        let page = server.get(&format!("/api/v1/datasets/{DATASET}/images?limit=100"));
        let images: Vec<i64> =
            page["images"].as_array().unwrap().iter().map(|i| i["image_id"].as_i64().unwrap()).collect();
        assert_eq!(images.len(), 36);
        let share = images.len() / usize::try_from(ANNOTATORS).unwrap();
        let annotators = images.chunks(share).zip(0..ANNOTATORS);
        let annotators = annotators.map(|(mine, name)| Annotator::new(&server, DATASET, mine, name + 1)).collect();
        server.kill();
        Self {
            folder,
            workspace,
            source,
            annotators,
            chance: Chance(seed),
            restarts: Vec::new(),
            struck: std::collections::BTreeMap::default(),
            imports: 0,
            exports: 0,
            import: None,
            trashed: None,
            cut_imports: 0,
        }
    }

    /// One start, one load, one `kill -9`, and on the next start everything is compared.
    fn strike(&mut self) {
        let moment = match self.chance.between(0, 100) {
            0..50 => Moment::Load,
            50..60 => Moment::StartUp,
            60..72 => Moment::Fold,
            72..80 => Moment::Export,
            80..92 => Moment::Import,
            _ => Moment::Trash,
        };
        *self.struck.entry(moment).or_default() += 1;
        eprintln!("kill during {moment:?}");
        if moment == Moment::StartUp {
            let starting = Starting::begin(&self.workspace, "127.0.0.1:0");
            sleep(Duration::from_millis(self.chance.between(1, 400)));
            return starting.kill();
        }
        let server = self.start_and_compare();
        self.under_load(server, moment);
    }

    fn start_and_compare(&mut self) -> Server {
        let server = Server::start(&self.workspace);
        self.restarts.push(server.took);
        for annotator in &mut self.annotators {
            annotator.check(&server);
        }
        self.check_import(&server);
        self.check_trash(&server);
        server
    }

    fn under_load(&mut self, server: Server, moment: Moment) {
        let (client, wait) = (server.client(), self.chance.between(5, 300));
        let mut annotators = std::mem::take(&mut self.annotators);
        let heard = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for annotator in &mut annotators {
                let (client, heard) = (client.clone(), &heard);
                scope.spawn(move || annotator.label(&client, heard));
            }
            // The load has begun when the first answer is here.
            let begun = Instant::now();
            while heard.load(Ordering::Relaxed) == 0 && begun.elapsed() < Duration::from_secs(30) {
                std::thread::yield_now();
            }
            self.provoke(&server, moment);
            sleep(Duration::from_millis(wait));
            server.kill();
        });
        self.annotators = annotators;
    }

    /// Brings about the work during which the blow falls.
    fn provoke(&mut self, server: &Server, moment: Moment) {
        let post = |path: &str, body: &Value| server.client().try_post(path, body);
        match moment {
            Moment::Load | Moment::StartUp => {}
            // At its end a server folds what was changed.
            Moment::Fold => {
                sleep(Duration::from_millis(self.chance.between(20, 120)));
                server.ask_to_end();
            }
            Moment::Export => {
                self.exports += 1;
                let out = self.folder.path().join(format!("export{}", self.exports));
                let body = json!({ "format": "yolo", "out": out, "images": "none" });
                post(&format!("/api/v1/datasets/{DATASET}/exports"), &body);
            }
            Moment::Import => {
                self.imports += 1;
                let dataset = format!("import{}", self.imports);
                let body = json!({ "source": self.source });
                let job = post(&format!("/api/v1/datasets/{dataset}/imports"), &body).unwrap().1;
                self.import = Some((job["job_id"].as_i64().unwrap(), dataset));
                sleep(Duration::from_millis(self.chance.between(0, 900)));
            }
            Moment::Trash => {
                self.imports += 1;
                let dataset = format!("deleted{}", self.imports);
                let body = json!({ "source": self.folder.path().join("small") });
                let job = server.post(&format!("/api/v1/datasets/{dataset}/imports"), &body);
                let job = server.job(job["job_id"].as_i64().unwrap());
                assert_eq!(job["state"], "done", "{job}");
                self.trashed = Some(dataset.clone());
                std::thread::scope(|scope| {
                    scope.spawn(|| server.delete(&format!("/api/v1/datasets/{dataset}")));
                    sleep(Duration::from_millis(self.chance.between(0, 100)));
                });
            }
        }
    }

    /// An import that was cut off left nothing or everything, says so, and can be asked for again.
    fn check_import(&mut self, server: &Server) {
        let Some((job_id, dataset)) = self.import.take() else { return };
        let job = server.get(&format!("/api/v1/jobs/{job_id}"));
        let (status, seen) = server.ask(&format!("/api/v1/datasets/{dataset}"));
        let whole = status == 200 && seen["images"] == SOURCE.0 && seen["boxes"] == SOURCE.1;
        assert!(status == 404 || whole, "half an import: {status} {seen} {job}");
        if job["state"] == "done" {
            assert!(whole, "the job is done, the dataset is not there: {job}");
        } else {
            assert_eq!(job["state"], "interrupted", "{job}");
            assert_eq!(job["resumable"], true, "{job}");
            self.cut_imports += 1;
            let again = server.post(&format!("/api/v1/jobs/{job_id}/resume"), &json!({}));
            let again = server.job(again["job_id"].as_i64().unwrap());
            assert_eq!(again["state"], "done", "{again}");
            let seen = server.get(&format!("/api/v1/datasets/{dataset}"));
            assert_eq!((&seen["images"], &seen["boxes"]), (&json!(SOURCE.0), &json!(SOURCE.1)), "{seen}");
        }
        // So that the workspace does not grow without end.
        assert_eq!(server.delete(&format!("/api/v1/datasets/{dataset}")), Some(200));
    }

    /// A dataset that was being deleted is there whole, or in the trash whole, never both and never neither.
    fn check_trash(&mut self, server: &Server) {
        let Some(dataset) = self.trashed.take() else { return };
        let (status, seen) = server.ask(&format!("/api/v1/datasets/{dataset}"));
        let trash = server.get("/api/v1/trash");
        let entries: Vec<&Value> =
            trash["trash"].as_array().unwrap().iter().filter(|e| e["name"] == dataset.as_str()).collect();
        assert_eq!(entries.len() + usize::from(status == 200), 1, "{status} {seen} {trash}");
        if let [entry] = entries[..] {
            server.post(&format!("/api/v1/trash/{}/restore", entry["entry"].as_str().unwrap()), &json!({}));
        }
        let seen = server.get(&format!("/api/v1/datasets/{dataset}"));
        assert_eq!((&seen["images"], &seen["boxes"]), (&json!(36), &json!(120)), "{seen}");
        assert_eq!(server.delete(&format!("/api/v1/datasets/{dataset}")), Some(200));
    }

    /// The same truth through `tator sql`, with no server.
    fn check_by_command(&mut self) {
        // What was in flight is made or not; a start tells, and settles it.
        self.start_and_compare().kill();
        self.compare_rows(&self.workspace);
    }

    fn compare_rows(&self, workspace: &Path) {
        let statement = "SELECT image_id, box_id, class_id, round(x * 1000)::BIGINT FROM killed.boxes ORDER BY ALL";
        let found = tator_in(workspace, &["sql", statement, "--format", "json"]).expect(0).json();
        let mut expected = Vec::new();
        for sheet in self.annotators.iter().flat_map(|a| &a.sheets) {
            expected.extend(sheet.boxes.iter().map(|(id, (class, rect))| json!([sheet.image, id, class, rect[0]])));
        }
        expected.sort_by_key(|row| (row[0].as_i64(), row[1].as_i64()));
        assert_eq!(found["rows"], Value::Array(expected));
        let twice = "SELECT round(x * 1000), round(y * 1000) FROM killed.boxes WHERE h >= 6 AND w = 5 GROUP BY ALL HAVING count(*) > 1";
        let twice = tator_in(workspace, &["sql", twice, "--format", "json"]).expect(0).json();
        assert_eq!(twice["rows"], json!([]), "a box was made twice");
    }

    /// At the end the published tables alone give the same boxes, and the figures are told.
    fn last_words(mut self, kills: u64, took: Duration) {
        let server = self.start_and_compare();
        let images = server.get(&format!("/api/v1/datasets/{DATASET}"))["images"].clone();
        assert_eq!(images, 36);
        assert_eq!(server.stop(), 0);
        self.compare_rows(&self.workspace);
        for entry in std::fs::read_dir(&self.workspace).unwrap().map(|e| e.unwrap().path()) {
            if entry.file_name().unwrap().to_str().unwrap().starts_with("live.duckdb") {
                std::fs::remove_file(entry).unwrap();
            }
        }
        self.compare_rows(&self.workspace);
        let sum = |of: fn(&Annotator) -> u64| self.annotators.iter().map(of).sum::<u64>();
        let mut restarts = self.restarts.clone();
        restarts.sort();
        eprintln!(
            "{kills} kills in {:.0} s {:?}: {} requests sent, {} acknowledged, 0 lost, 0 twice; cut off: {} made all the \
             same, {} not made; {} imports cut off; restart p50 {:.0} ms, longest {:.0} ms",
            took.as_secs_f64(),
            self.struck,
            sum(|a| a.sent),
            sum(|a| a.acknowledged),
            sum(|a| a.made_unheard),
            sum(|a| a.never_made),
            self.cut_imports,
            restarts[restarts.len() / 2].as_secs_f64() * 1e3,
            restarts.last().unwrap().as_secs_f64() * 1e3,
        );
    }
}
