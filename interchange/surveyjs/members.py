"""Which members of SurveyJS objects only say how they look, and what the others are lost as."""

SURVEY_ASIDE = frozenset(
    "pages elements questions locale title description name logo logoPosition logoWidth logoHeight "
    "logoFit width widthMode fitToContainer showProgressBar progressBarType progressBarLocation "
    "showNavigationButtons navigationButtonsLocation showPrevButton showCompletedPage "
    "questionsOnPageMode "
    "showQuestionNumbers questionStartIndex questionTitleLocation questionDescriptionLocation "
    "questionErrorLocation requiredText requiredMark questionTitlePattern completeText "
    "startSurveyText "
    "pageNextText pagePrevText previewText editText focusFirstQuestionAutomatic checkErrorsMode "
    "validateVisitedEmptyFields textUpdateMode autoGrowComment allowResizeComment commentAreaRows "
    "storeOthersAsComment goNextPageAutomatic autoAdvanceEnabled "
    "allowCompleteSurveyAutomatic autoAdvanceAllowComplete showPreviewBeforeComplete showTOC "
    "tocLocation backgroundImage backgroundImageFit backgroundImageAttachment backgroundOpacity "
    "headerView firstPageIsStarted firstPageIsStartPage showTitle showPageTitles showPageNumbers "
    "matrixDragHandleArea lazyRenderEnabled lazyRenderingEnabled gridLayoutEnabled headerText "
    "sendResultOnPageNext partialSendEnabled surveyId surveyPostId surveyShowDataSaving "
    "clearInvisibleValues keepIncorrectValues showTimerPanel themeName completedHtml "
    "completedHtmlOnCondition triggers calculatedValues loadingHtml completedBeforeHtml "
    "sjsVersion enterKeyAction showCompleteButton "
    "progressBarShowPageTitles progressBarShowPageNumbers progressBarInheritWidthFrom "
    "minWidth maxWidth colorPalette isPanelless themeVariables header themes".split()
)
USUAL = {"mode": "edit", "questionOrder": "initial", "questionsOrder": "initial"}
"""Values that say nothing more than leaving the member out."""
PAGE_ASIDE = frozenset(
    "name elements questions title description navigationButtonsVisibility visibleIf visible "
    "questionTitleLocation questionTitleWidth questionErrorLocation showNavigationButtons state "
    "innerIndent width minWidth maxWidth startWithNewLine indent gridLayoutColumns "
    "navigationTitle navigationDescription readOnlyRender type titleLocation showNumber "
    "showQuestionNumbers showPageNumbers questionStartIndex effectiveColSpan isRequired "
    "descriptionLocation passed visibleIndex layoutColumns titleActions requiredIf "
    "expandOnValidationError rightIndent minPanelWidth requiredErrorText colSpan".split()
)

ASIDE = frozenset(
    "name type title titleLocation description descriptionLocation isRequired requiredIf "
    "visible visibleIf valueName width minWidth maxWidth startWithNewLine indent rightIndent state "
    "errorLocation hideNumber showNumber size colCount colSpan cssClasses renderAs page tag "
    "requiredErrorText useDisplayValuesInDynamicTexts useDisplayValuesInTitle showCommentArea "
    "hasComment commentText commentPlaceholder autocomplete textUpdateMode "
    "allowClear showClearButton searchEnabled searchMode choicesMin choicesMax closeOnSelect "
    "choicesOrder separateSpecialChoices itemSize showLabel imageFit imageHeight imageWidth "
    "minImageHeight maxImageHeight minImageWidth maxImageWidth contentMode multiSelect "
    "optionsCaption showOptionsCaption inputType columnMinWidth "
    "showSelectAllItem hasSelectAll selectAllText displayMode selectToRankAreasLayout "
    "storeOthersAsComment otherErrorText otherPlaceholder noneText otherText refuseText "
    "dontKnowText nameLocation gridLayoutColumns effectiveColSpan "
    "questionTitleWidth titleWidth fitToContainer headerView innerIndent lazyRenderEnabled "
    "commentPlaceHolder placeHolder readOnlyRender locale maxOthersLength minRateDescription "
    "maxRateDescription showHeader alternateRows verticalAlign columnMinWidth rowTitleWidth "
    "displayRateDescriptionsAsExtremeItems rateColorMode autoUpdate showValue".split()
)
"""Members that only say how something looks, or that are read before a type's reader runs."""

MEMBERS = {
    "enableIf": "enable_if", "readOnly": "enable_if", "defaultValue": "default_value",
    "defaultValueExpression": "default_value", "setValueIf": "set_value",
    "setValueExpression": "set_value", "resetValueIf": "set_value",
    "defaultRowValue": "default_value", "choicesByUrl": "choices_by_url",
    "timeLimit": "time_limit", "timeLimitPerPage": "time_limit", "maxTimeToFinish": "time_limit",
    "maxTimeToFinishPage": "time_limit", "correctAnswer": "correct_answer",
}  # fmt: skip
"""Members that are a loss, by what they are told as; any other is a "member"."""

WORDS = frozenset(
    "completeText pageNextText pagePrevText startSurveyText editText previewText "
    "completedBeforeHtml loadingHtml requiredErrorText otherErrorText otherPlaceholder "
    "commentPlaceholder commentPlaceHolder placeHolder navigationTitle navigationDescription "
    "optionsCaption selectAllText".split()
)
"""Words around the questions, in whose place stand ours."""
