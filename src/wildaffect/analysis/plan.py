"""Workers that analyze one source after another, for any engine."""

import warnings
from dataclasses import dataclass, replace

from wildaffect.analysis.job import FileJob, FileReport
from wildaffect.analysis.job import OnFrame as OnDecoded
from wildaffect.analysis.lines import run_any
from wildaffect.analysis.staging import run_staged
from wildaffect.core.errors import (
    OutputError,
    UnreadableVideo,
    UsageError,
    unexpected,
    worker_died,
)
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.engines.engine import OnFrame
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import Artifact
from wildaffect.outputs.claim import ResultBusy
from wildaffect.video.picture import DamagedVideoWarning


@dataclass(frozen=True, slots=True)
class AnalysisWorker:
    """Analyzes sources with one analyzer."""

    analyzer: Analyzer
    is_only_job: bool = False
    """True to raise a `UsageError`, which is about the command if it has one source."""

    def run(self, job: FileJob, on_frame: OnFrame[FileJob]) -> FileReport | None:
        """Run a job and return its report, also on failure.

        Returns:
            None if it resumes and another run is working on it.

        Raises:
            UsageError: If the options of the only job are wrong.
        """

        def frame_decoded(info: VideoInfo, frame: Frame) -> None:
            on_frame(job, info, frame.index + 1)

        report = self._report(job, frame_decoded)
        return replace(report, label=job.label) if report else None

    def _report(self, job: FileJob, on_frame: OnDecoded) -> FileReport | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamagedVideoWarning)  # in the report
                if job.remote:
                    return run_staged(job, self.analyzer, on_frame)
                return run_any(job, self.analyzer, on_frame)
        except UsageError as error:
            if self.is_only_job:
                raise
            return FileReport(source=job.name, error=str(error))
        except ResultBusy as error:
            return None if job.resume else FileReport(source=job.name, error=str(error))
        except (UnreadableVideo, OutputError) as error:
            return FileReport(source=job.name, error=str(error))
        except BrokenPipeError:  # of standard output
            raise
        except Exception as error:
            return FileReport(source=job.name, error=unexpected(job.name, error))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisPlan:
    """Configuration of the workers of an analysis; picklable."""

    artifact: Artifact
    options: AnalysisOptions
    is_only_job: bool = False

    @property
    def num_threads(self) -> int:
        """Number of threads of a worker."""
        return self.options.device.threads

    def worker(self) -> AnalysisWorker:
        """Load the networks."""
        return AnalysisWorker(Analyzer(self.artifact, self.options), self.is_only_job)

    def worker_died(self, job: FileJob, how: str) -> FileReport:
        """Return the report of a source whose worker was lost with it."""
        error = worker_died(job.name, how)
        return FileReport(source=job.name, label=job.label, error=error)
