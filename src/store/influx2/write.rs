//! Rows on their way to the server.

use desserte_probe::clock::{Clock as _, SystemClock};

use super::{InfluxStore, flux, line, link::Answer, read};
use crate::store::{
    StoreError,
    samples::{Filling, SampleBlock, SampleRow, SeriesKey},
};

/// Lines of one request: what InfluxData advises.
const LINES: usize = 5_000;

impl InfluxStore {
    /// Writes a filling, and then how far the bucket is.
    pub(super) fn write(&self, filling: &Filling) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let mut waiting: Vec<&SampleRow> = Vec::new();
        for run in filling.samples.chunk_by(SampleRow::is_same_run) {
            if run
                .first()
                .is_some_and(|row| row.summary_spacing_ms.is_some())
            {
                // A summary gives way to what is there before it.
                self.hand_over(&mut lines, &mut waiting)?;
                let kept = self.without_originals(run)?;
                self.encode(kept, &mut lines, &mut waiting)?;
            } else {
                self.encode(run, &mut lines, &mut waiting)?;
            }
        }
        for row in &filling.evidence {
            match line::evidence(row) {
                Ok(line) => lines.push(line),
                Err(line) => self.refuse("its time is beyond what the server knows", &line, 1)?,
            }
        }
        self.hand_over(&mut lines, &mut waiting)?;
        let position = filling.position.max(self.held().position);
        let mark = line::position(&self.collector, position, SystemClock.unix_ms());
        self.take(&[mark])?;
        self.local.set_position(&self.link.name(), position)
    }

    fn encode<'r>(
        &self,
        rows: impl IntoIterator<Item = &'r SampleRow>,
        lines: &mut Vec<String>,
        waiting: &mut Vec<&'r SampleRow>,
    ) -> Result<(), StoreError> {
        for row in rows {
            match line::sample(row) {
                Ok(line) => {
                    lines.push(line);
                    waiting.push(row);
                }
                Err(line) => self.refuse("its time is beyond what the server knows", &line, 1)?,
            }
        }
        Ok(())
    }

    /// Gives the server what waits, and notes it once it has it.
    fn hand_over(
        &self,
        lines: &mut Vec<String>,
        waiting: &mut Vec<&SampleRow>,
    ) -> Result<(), StoreError> {
        for piece in lines.chunks(LINES) {
            self.take(piece)?;
        }
        lines.clear();
        self.with(|catalogue| {
            for row in waiting.drain(..) {
                catalogue.note(row);
            }
        })
    }

    /// Has the server take lines; bad ones among them are kept aside.
    fn take(&self, lines: &[String]) -> Result<(), StoreError> {
        let Some(first) = lines.first() else {
            return Ok(());
        };
        match self.link.write(lines)? {
            Answer::Taken => Ok(()),
            Answer::Part(reason) => self.refuse(&reason, first, lines.len()),
            Answer::Bad(reason) | Answer::TooLarge(reason) => {
                if lines.len() == 1 {
                    return self.refuse(&reason, first, 1);
                }
                let (one, other) = lines.split_at(lines.len() / 2);
                self.take(one)?;
                self.take(other)
            }
        }
    }

    fn refuse(&self, reason: &str, line: &str, lines: usize) -> Result<(), StoreError> {
        self.local
            .refuse(SystemClock.unix_ms(), reason, (line, lines))
    }

    /// Samples of a series in `[from, to)`, piece by piece.
    pub(super) fn scan_key(
        &self,
        key: &SeriesKey,
        (from, to): (i64, i64),
    ) -> Result<SampleBlock, StoreError> {
        let mut block = SampleBlock::default();
        for span in flux::Span::pieces(from, to) {
            let records = self.link.query(flux::scan(self.link.bucket(), key, span))?;
            for row in read::samples(&records)? {
                block.push(&row);
            }
        }
        Ok(block)
    }

    /// Rows of a summary's run that no sample stands for.
    fn without_originals<'r>(
        &self,
        run: &'r [SampleRow],
    ) -> Result<Vec<&'r SampleRow>, StoreError> {
        let Some(first) = run.first() else {
            return Ok(Vec::new());
        };
        let there = match SampleRow::run_span(run) {
            Some(span) if self.with(|known| known.known(&first.series))?.is_some() => {
                self.scan_key(&first.series, span)?
            }
            _ => SampleBlock::default(),
        };
        Ok(SampleRow::without_originals(run, &there))
    }
}
