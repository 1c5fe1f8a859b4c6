"""Old commits: asv's result files read strictly, asv itself driven, our own runs written into its store."""
