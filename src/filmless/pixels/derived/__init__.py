"""Pictures of objects that stand on others: segmentations, dose, parametric maps, slides, presentation states."""
