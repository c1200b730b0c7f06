//! Words into the numbers that text towers were trained on. A model brings `tokenizer.json` (every Hugging Face export has
//! one), or BERT's `vocab.txt`. Padding and length are the tower's business: what the file says of them is set aside.

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::tokenizer::Tokenizer;

use crate::adapters::Parts;
use crate::model_error::ModelError;

/// A tokeniser, opened.
pub(crate) struct Tokeniser {
    inner: Tokenizer,
}

/// A text in numbers, with the marks of start and end that its model wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<i64>,
    /// Where each token stands in the text, in bytes; marks stand nowhere.
    pub(crate) spans: Vec<(usize, usize)>,
}

impl Tokeniser {
    /// The tokeniser of a model: its part `tokenizer`, else its part `vocab`.
    ///
    /// # Errors
    /// [`ModelError::Manifest`] when it has neither, [`ModelError::NotOpened`].
    pub(crate) fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let find = |part: &str| parts.manifest.files.get(part).map(|file| parts.folder.join(&file.path));
        let (file, outcome) = match (find("tokenizer"), find("vocab")) {
            (Some(file), _) => {
                let opened = Tokenizer::from_file(&file);
                (file, opened)
            }
            (None, Some(file)) => {
                let opened = word_pieces(&file);
                (file, opened)
            }
            (None, None) => {
                let text = "words need [files.tokenizer] (tokenizer.json) or [files.vocab] (BERT's vocab.txt)";
                return Err(ModelError::Manifest(text.to_owned()));
            }
        };
        let mut inner = outcome.map_err(|e| ModelError::NotOpened { file, reason: e.to_string() })?;
        // Towers pad by their own rules.
        let _ = inner.with_padding(None).with_truncation(None);
        Ok(Self { inner })
    }

    /// A text with the marks of its model, at most `most` tokens, of which the last is always the mark of the end.
    pub(crate) fn encode(&self, text: &str, most: usize) -> Result<Tokens, ModelError> {
        let wrong = |reason: String| ModelError::Failed { model: "tokeniser".to_owned(), reason };
        let encoding = self.inner.encode(text, true).map_err(|e| wrong(e.to_string()))?;
        let mut ids: Vec<i64> = encoding.get_ids().iter().map(|id| i64::from(*id)).collect();
        let mut spans = encoding.get_offsets().to_vec();
        if ids.len() > most && most > 0 {
            let (end, place) = (ids[ids.len() - 1], spans[spans.len() - 1]);
            ids.truncate(most);
            spans.truncate(most);
            ids[most - 1] = end;
            spans[most - 1] = place;
        }
        if ids.is_empty() {
            return Err(wrong(format!("{text:?} gives no tokens")));
        }
        Ok(Tokens { ids, spans })
    }

    /// How many tokens it knows.
    pub(crate) fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The number of a token.
    pub(crate) fn number(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }
}

/// BERT uncased, as `BertTokenizerFast` puts it together.
fn word_pieces(file: &std::path::Path) -> tokenizers::Result<Tokenizer> {
    let vocabulary = WordPiece::read_bytes(&std::fs::read(file)?)?;
    let mark = |token: &str| {
        let number = vocabulary.get(token).ok_or_else(|| format!("it has no {token}"))?;
        Ok::<_, tokenizers::Error>((token.to_owned(), *number))
    };
    let (start, end) = (mark("[CLS]")?, mark("[SEP]")?);
    let model = WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".to_owned()).build()?;
    let mut tokeniser = Tokenizer::new(model);
    tokeniser
        .with_normalizer(Some(BertNormalizer::default()))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(BertProcessing::new(end, start)));
    Ok(tokeniser)
}
