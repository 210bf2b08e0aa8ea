global using CronCloud.Simulation.Worlds;
