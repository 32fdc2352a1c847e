"""The question bank: questions by scene, category, sub-category, in versions, for all surveys."""
