"""The question types of version 1: one file each, joined here into the explicit union."""

from engine.questions.cascade import Cascade, CascadeView
from engine.questions.consent import Consent, ConsentView
from engine.questions.matrix import Matrix, MatrixView
from engine.questions.moments import DateQuestion, DateView, TimeQuestion, TimeView
from engine.questions.multi_choice import MultiChoice, MultiChoiceView
from engine.questions.nps import Nps, NpsView
from engine.questions.number import NumberQuestion, NumberView
from engine.questions.pickers import (
    DepartmentQuestion,
    DepartmentView,
    StaffQuestion,
    StaffView,
)
from engine.questions.ranking import Ranking, RankingView
from engine.questions.rating import Rating, RatingView
from engine.questions.single_choice import SingleChoice, SingleChoiceView
from engine.questions.statement import Statement, StatementView
from engine.questions.text import TextQuestion, TextView
from engine.questions.uploads import (
    FileUpload,
    FileUploadView,
    PictureUpload,
    PictureUploadView,
    Signature,
    SignatureView,
)
from engine.questions.yes_no import YesNo, YesNoView

Question = (
    SingleChoice
    | MultiChoice
    | Rating
    | Nps
    | Matrix
    | Ranking
    | YesNo
    | TextQuestion
    | NumberQuestion
    | DateQuestion
    | TimeQuestion
    | DepartmentQuestion
    | StaffQuestion
    | Cascade
    | PictureUpload
    | FileUpload
    | Signature
    | Consent
    | Statement
)

AnyQuestionView = (
    SingleChoiceView
    | MultiChoiceView
    | RatingView
    | NpsView
    | MatrixView
    | RankingView
    | YesNoView
    | TextView
    | NumberView
    | DateView
    | TimeView
    | DepartmentView
    | StaffView
    | CascadeView
    | PictureUploadView
    | FileUploadView
    | SignatureView
    | ConsentView
    | StatementView
)
