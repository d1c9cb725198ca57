"""From cohorts of patients to a released bundle.

A run walks from `config` over `dataset` (with `labels`, `weights`), `split` and `fit` to `train`,
and ends in `finished`. `apply` asks a bundle about other patients. Around them stand the rooms:

    cohort      virtual patients                     engine      where long work is done
    leaks       what would know of the future        judging     how good a model is
    words       figures in plain words               statements  what guidelines ask of a model
    report      the page, its figures and tables     tracking    runs and models in MLflow
    adaptation  a bundle at a new hospital           transport   groups of patients never seen
    release     what is in service                   studies     the tables of single docs pages
    verbs       the command line, a file a verb
"""
